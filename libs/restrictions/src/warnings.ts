import type { EntryAdded, EntryId } from '@postern/contracts';
import { covers, isPrivate, isVeryWide, type IpRange } from '@postern/ip-ranges';
import { endOf, isLive, parsedRange } from './entry.js';

export type WarningCode = 'covered-by' | 'very-wide' | 'private-range' | 'expires-soon';

/** Something about an entry that may be a mistake; it refuses nothing. */
export interface Warning {
  readonly code: WarningCode;
  readonly detail: string;
  readonly entryId: EntryId;
}

/** `expires-soon` warns in the last week. */
export const EXPIRES_SOON_MS = 7 * 24 * 60 * 60 * 1000;

interface LiveEntry {
  readonly entry: EntryAdded;
  readonly range: IpRange;
}

/** The warnings of the entries that are live at `now`, in the order of the entries. Expired ones grant nothing: no warning. */
export function warningsOf(entries: readonly EntryAdded[], now: Date): Warning[] {
  const live = entries.flatMap((entry): LiveEntry[] => {
    const range = isLive(entry, now) ? parsedRange(entry) : null;
    return range === null ? [] : [{ entry, range }];
  });
  const covering = coveringRanges(live);
  return live.flatMap((one) => {
    const { entry, range } = one;
    const around = covering.get(one)?.entry;
    const warnings: Warning[] = [];
    const warn = (code: WarningCode, detail: string) =>
      warnings.push({ code, detail: `${entry.range} ${detail}`, entryId: entry.id });
    if (around) {
      const until = around.expiresAt === null ? '' : ` until that one expires at ${around.expiresAt}`;
      warn('covered-by', `is inside the entry ${around.range}, and adds nothing to it${until}.`);
    }
    if (isVeryWide(range))
      warn('very-wide', `is wider than ${range.family === 'IPv4' ? '/16' : '/32'}: check that all of it is yours.`);
    if (isPrivate(range))
      warn('private-range', 'is private address space: a login over the internet never comes from there.');
    if (endOf(entry) - now.getTime() <= EXPIRES_SOON_MS)
      warn('expires-soon', `expires at ${entry.expiresAt}: give it a later expiresAt if it is to stay.`);
    return warnings;
  });
}

/**
 * For each item inside another's range: the narrowest such other.
 * Ranges nest or are apart, so that in order of their first address, the wider first, a stack of the open ones is enough:
 * n log n, where comparing all pairs took 1,000 entries a million steps on every write.
 */
export function coveringRanges<T extends { readonly range: IpRange }>(items: readonly T[]): Map<T, T> {
  const covering = new Map<T, T>();
  // Single addresses, of which most lists consist, cover nothing.
  if (items.every(({ range }) => range.prefix === range.first.length * 8)) return covering;
  const open: T[] = [];
  for (const item of items.toSorted((a, b) => inOrder(a.range, b.range))) {
    let around = open.at(-1);
    while (around !== undefined && !covers(around.range, item.range)) {
      open.pop();
      around = open.at(-1);
    }
    if (around !== undefined) covering.set(item, around);
    open.push(item);
  }
  return covering;
}

/** IPv4 before IPv6, then by first address, then the wider before the narrower. */
function inOrder(a: IpRange, b: IpRange): number {
  if (a.first.length !== b.first.length) return a.first.length - b.first.length;
  for (let i = 0; i < a.first.length; i++) {
    const difference = (a.first[i] ?? 0) - (b.first[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.prefix - b.prefix;
}
