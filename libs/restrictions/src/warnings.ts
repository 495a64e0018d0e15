import type { EntryAdded, EntryId } from '@postern/contracts';
import { isPrivate, isVeryWide, type IpRange } from '@postern/ip-ranges';
import { coveringRanges } from './covering-ranges.js';
import { endOf, isLive } from './state.js';
import { parsedRange } from './parsed-range.js';

export type WarningCode = 'covered-by' | 'very-wide' | 'private-range' | 'expires-soon';

/** Something about an entry that may be a mistake; it refuses nothing. */
export interface Warning {
  readonly code: WarningCode;
  readonly detail: string;
  readonly entryId: EntryId;
}

/** `expires-soon` is said in the last week. */
export const EXPIRES_SOON_MS = 7 * 24 * 60 * 60 * 1000;

interface LiveEntry {
  readonly entry: EntryAdded;
  readonly range: IpRange;
}

/** The warnings of the entries that are live at `now`, in the order of the entries. Expired ones grant nothing: no warning. */
export function warningsOf(entries: readonly EntryAdded[], now: Date): Warning[] {
  const live = entries.filter((entry) => isLive(entry, now)).flatMap(withRange);
  const covering = coveringRanges(live);
  const warnings: Warning[] = [];
  for (const one of live) {
    warnings.push(...coveredBy(one, covering.get(one)), ...wideness(one), ...privateness(one), ...expiry(one, now));
  }
  return warnings;
}

function withRange(entry: EntryAdded): LiveEntry[] {
  const range = parsedRange(entry);
  return range === null ? [] : [{ entry, range }];
}

function coveredBy({ entry }: LiveEntry, by: LiveEntry | undefined): Warning[] {
  if (by === undefined) return [];
  const { range, expiresAt } = by.entry;
  const until = expiresAt === null ? '' : ` until that one expires at ${expiresAt}`;
  return [warning('covered-by', entry, `${entry.range} is inside the entry ${range}, and adds nothing to it${until}.`)];
}

function wideness({ entry, range }: LiveEntry): Warning[] {
  if (!isVeryWide(range)) return [];
  const usual = range.family === 'IPv4' ? '/16' : '/32';
  return [warning('very-wide', entry, `${entry.range} is wider than ${usual}: check that all of it is yours.`)];
}

function privateness({ entry, range }: LiveEntry): Warning[] {
  if (!isPrivate(range)) return [];
  const detail = `${entry.range} is private address space: a login over the internet never comes from there.`;
  return [warning('private-range', entry, detail)];
}

function expiry({ entry }: LiveEntry, now: Date): Warning[] {
  if (endOf(entry) - now.getTime() > EXPIRES_SOON_MS) return [];
  return [
    warning(
      'expires-soon',
      entry,
      `${entry.range} expires at ${entry.expiresAt}: give it a later expiresAt if it is to stay.`,
    ),
  ];
}

function warning(code: WarningCode, entry: EntryAdded, detail: string): Warning {
  return { code, detail, entryId: entry.id };
}
