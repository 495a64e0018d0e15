import { parseRange, type IpRange } from '@postern/ip-ranges';

/** Entries on one restriction, the expired ones too. */
export const MAX_ENTRIES = 1_000;
/** Characters (UTF-16 code units) of an entry's note. */
export const MAX_NOTE_LENGTH = 500;

/** Whether an entry is honoured at `at`: it ends at the very millisecond of its `expiresAt`. One that is no time is over. */
export function isLive(entry: { readonly expiresAt: string | null }, at: Date): boolean {
  return at.getTime() < endOf(entry);
}

/** The end of an entry in milliseconds since 1970; Infinity where it has none. */
export function endOf(entry: { readonly expiresAt: string | null }): number {
  return entry.expiresAt === null ? Number.POSITIVE_INFINITY : ends(entry, entry.expiresAt);
}

/** The range of an entry; null where its text is none, and so can match nothing. */
export function parsedRange(entry: { readonly range: string }): IpRange | null {
  return ranges(entry, entry.range);
}

const ends = oncePerEntry(Date.parse);
const ranges = oncePerEntry((text) => {
  const parsed = parseRange(text);
  return parsed.ok ? parsed.value : null;
});

/**
 * Entries come out of events and outlive many commands: what is read of one is kept as long as it is. To read the times each time took
 * a third of the view of 300 entries. The text is compared lest somebody, against the types, changed the entry in place.
 */
function oncePerEntry<T>(read: (text: string) => T): (entry: object, text: string) => T {
  const known = new WeakMap<object, { readonly text: string; readonly value: T }>();
  return (entry, text) => {
    const last = known.get(entry);
    if (last?.text === text) return last.value;
    const value = read(text);
    known.set(entry, { text, value });
    return value;
  };
}
