import type { Schema } from '../api/client.js';
import { differenceOf } from '../pages/smtp-user/editor/difference.js';
import type { Listed } from '../pages/smtp-user/editor/list-as-text.js';
import { dateTime } from '../ui/dates.js';

export type Change = Schema<'Change'>;

export interface DiffLine {
  readonly kind: 'removed' | 'added';
  readonly text: string;
  readonly detail: string | null;
}

interface EntryOfChange extends Listed {
  readonly id: string;
}

export function entriesOf(side: Change['before']): readonly EntryOfChange[] {
  const entries = side?.['entries'];
  return Array.isArray(entries) ? (entries as EntryOfChange[]) : [];
}

export function titleOf({ type, before, after }: Change): string {
  const name = (side: Change['before'], key: string) => String(side?.[key] ?? '');
  switch (type) {
    case 'TenantCreated':
      return `Tenant ${name(after, 'name')} created`;
    case 'TenantReplySet':
      return 'Reply to refused logins changed';
    case 'ApiKeyIssued':
      return `API key ${name(after, 'name')} issued (${name(after, 'role')})`;
    case 'ApiKeyRevoked':
      return `API key ${name(before, 'name')} revoked (${name(before, 'role')})`;
    case 'SmtpUserRegistered':
      return 'SMTP user added';
    case 'SmtpUserRenamed':
      return `Renamed to ${name(after, 'username')}`;
    case 'SmtpUserRemoved':
      return 'SMTP user removed';
    case 'RestrictionAdded':
      return `Allowed ${ranges(entriesOf(after))}`;
    case 'RestrictionEntriesChanged':
      return `Changed ${ranges(entriesOf(after))}`;
    case 'RestrictionRemoved':
      return `No longer allowed: ${ranges(entriesOf(before))}`;
    case 'RestrictionCleared':
      return 'Restriction cleared: any source may log in';
    case 'RestrictionModeChanged':
      return `Mode changed to ${MODES[name(after, 'mode')] ?? name(after, 'mode')}${until(after?.['enforceAt'])}`;
    default:
      return type;
  }
}

function ranges([first, ...others]: readonly EntryOfChange[]): string {
  if (first === undefined) return 'nothing';
  return others.length === 0 ? first.range : `${(others.length + 1).toLocaleString('en')} ranges`;
}

const MODES: Readonly<Record<string, string>> = { enforce: 'enforced', 'report-only': 'report only' };

/** The lines that were removed, then those that were added. Unchanged ones are left out. */
export function diffOf({ before, after }: Pick<Change, 'before' | 'after'>): DiffLine[] {
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const lines: DiffLine[] = [];
  for (const key of keys) {
    if (key === 'entries') continue;
    const [old, now] = [valueOf(key, before?.[key]), valueOf(key, after?.[key])];
    if (old === now) continue;
    if (old !== null) lines.push({ kind: 'removed', text: old, detail: null });
    if (now !== null) lines.push({ kind: 'added', text: now, detail: null });
  }
  for (const change of differenceOf(entriesOf(before), entriesOf(after))) {
    if (change.kind !== 'added') lines.push(entryLine('removed', change.before));
    if (change.kind !== 'removed') lines.push(entryLine('added', change.after));
  }
  return lines;
}

const NAMES: Readonly<Record<string, string>> = { helpUrl: 'help page', keyId: 'key' };

function valueOf(key: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (key === 'restricted') return value === true ? 'restricted to the list' : 'any source';
  if (key === 'mode') return `mode: ${MODES[String(value)] ?? String(value)}`;
  if (key === 'enforceAt') return `enforced from ${dateTime(String(value))}`;
  if (key === 'opaque') return value === true ? 'answered as a wrong password' : 'answered with the text';
  return `${NAMES[key] ?? key}: ${String(value)}`;
}

function entryLine(kind: DiffLine['kind'], { range, note, expiresAt }: Listed): DiffLine {
  return { kind, text: range, detail: [note, until(expiresAt).trim()].filter(Boolean).join(', ') || null };
}

function until(time: unknown): string {
  return time ? ` until ${dateTime(String(time))}` : '';
}

/** Groups the changes of one request, newest first as given: replacing a list is a removal and an addition. */
export function byRequest(changes: readonly Change[]): [Change, ...Change[]][] {
  const groups: [Change, ...Change[]][] = [];
  for (const change of changes) {
    const last = groups.at(-1);
    const [other] = last ?? [];
    if (last && other?.requestId === change.requestId && other.smtpUserId === change.smtpUserId) last.push(change);
    else groups.push([change]);
  }
  return groups;
}
