import type { Schema } from '../../../api/client.js';
import { entriesOf, type Change } from '../../../changes/change-diff.js';
import { isIn } from '../../../denials/refusals.js';
import { counted } from '../../../denials/words.js';
import { dateTime } from '../../../ui/dates.js';

export type Checked = Schema<'CheckedAddress'>;

export interface Words {
  readonly decision: string;
  readonly tone?: 'refused' | 'warn';
  readonly why: string;
}

/** `past`: the decision of an earlier time. */
export function inWords(checked: Checked, past: boolean): Words {
  const { reason, matched, mode } = checked;
  if (reason === 'unrestricted')
    return {
      decision: 'Let in',
      why: past
        ? 'there was no restriction: any source could log in'
        : 'there is no restriction: any source may log in',
    };
  if (matched !== null) {
    const note = matched.note === null ? '' : ` (${matched.note})`;
    const what =
      matched.range === checked.ip ? `${matched.range}${note} is on the list` : `it is in ${matched.range}${note}`;
    return { decision: 'Let in', why: past ? what.replace(' is ', ' was ') : what };
  }
  const why = mismatch(checked, past);
  if (mode === 'report-only')
    return {
      decision: 'Let in and recorded',
      tone: 'warn',
      why: `the mode ${past ? 'was' : 'is'} report only; it is ${why}`,
    };
  return { decision: 'Refused', tone: 'refused', why };
}

function mismatch({ reason, liveEntries, nearest, ip }: Checked, past: boolean): string {
  if (reason === 'source-ip-invalid') return 'not a valid address';
  const near = nearest === null ? '' : `. ${nearestInWords(nearest, ip)}`;
  if (reason === 'no-live-entry') return `on no live entry: all ${past ? 'had' : 'have'} expired${near}`;
  return `on none of ${counted(liveEntries, 'range')}${near}`;
}

function nearestInWords({ live, range, expiresAt }: NonNullable<Checked['nearest']>, ip: string): string {
  if (live) return `Nearest: ${range}`;
  return `${range === ip ? 'Its entry' : `The entry ${range}`} expired on ${dateTime(expiresAt ?? '')}`;
}

/**
 * The change that led to the decision: it added the entry, removed it, let it expire, restricted the SMTP user, or cleared the restriction. Null if
 * it is not among the changes.
 * @param changes newest first
 */
export function causeOf({ reason, matched, nearest, ip, version }: Checked, changes: readonly Change[]): Change | null {
  const upTo = changes.filter((change) => change.version <= version);
  const entry = matched ?? (nearest?.live === false ? nearest : null);
  if (entry) return upTo.find(({ after }) => entriesOf(after).some(({ id }) => id === entry.id)) ?? null;
  if (reason === 'unrestricted')
    return upTo.find(({ type }) => type === 'RestrictionCleared' || type === 'SmtpUserRegistered') ?? null;
  return upTo.find((change) => removedBy(change, ip) || restricted(change)) ?? null;
}

const restricted = ({ before, after }: Change): boolean =>
  before?.['restricted'] === false && after?.['restricted'] === true;

function removedBy({ before, after }: Change, ip: string): boolean {
  const kept = new Set(entriesOf(after).map(({ id }) => id));
  return entriesOf(before).some(({ id, range }) => !kept.has(id) && isIn(range, ip));
}
