import { parseRange, type IpRange } from '@postern/ip-ranges';

export const MAX_ENTRIES = 1_000;
/** Characters (UTF-16 code units) of an entry's note. */
export const MAX_NOTE_LENGTH = 500;

/** An entry expires at the exact millisecond of `expiresAt`. An unreadable time has expired. */
export function isLive(entry: { readonly expiresAt: string | null }, at: Date): boolean {
  return at.getTime() < endOf(entry);
}

/** Milliseconds since 1970; Infinity if it never expires. */
export function endOf(entry: { readonly expiresAt: string | null }): number {
  return entry.expiresAt === null ? Number.POSITIVE_INFINITY : ends(entry, entry.expiresAt);
}

export function parsedRange(entry: { readonly range: string }): IpRange | null {
  return ranges(entry, entry.range);
}

const ends = oncePerEntry(Date.parse);
const ranges = oncePerEntry((text) => {
  const parsed = parseRange(text);
  return parsed.ok ? parsed.value : null;
});

/** Cached, because entries outlive commands: parsing the times took a third of a view of 300 entries. An entry may have been changed in place. */
function oncePerEntry<T>(read: (text: string) => T): (entry: object, text: string) => T {
  const cache = new WeakMap<object, { readonly text: string; readonly value: T }>();
  return (entry, text) => {
    const last = cache.get(entry);
    if (last?.text === text) return last.value;
    const value = read(text);
    cache.set(entry, { text, value });
    return value;
  };
}
