import { parseRange } from '@postern/ip-ranges';
import type { IpRange } from '@postern/ip-ranges';

interface Parsed {
  readonly text: string;
  readonly range: IpRange | null;
}

/** Entries come out of events and outlive many commands: each is parsed once, when first needed, and forgotten with it. */
const parsed = new WeakMap<object, Parsed>();

/** The range of an entry; null where its text is none, and so can match nothing. */
export function parsedRange(entry: { readonly range: string }): IpRange | null {
  const known = parsed.get(entry);
  // The text is compared lest somebody, against the types, changed it in place.
  if (known?.text === entry.range) return known.range;
  const result = parseRange(entry.range);
  const range = result.ok ? result.value : null;
  parsed.set(entry, { text: entry.range, range });
  return range;
}
