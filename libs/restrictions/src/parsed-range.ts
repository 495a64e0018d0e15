import { parseRange } from '@postern/ip-ranges';
import type { IpRange } from '@postern/ip-ranges';

/** Entries come out of events and outlive many commands: each is parsed once, when first needed, and forgotten with it. */
const parsed = new WeakMap<object, IpRange | null>();

/** The range of an entry; null where its text is none, and so can match nothing. */
export function parsedRange(entry: { readonly range: string }): IpRange | null {
  const known = parsed.get(entry);
  if (known !== undefined) return known;
  const result = parseRange(entry.range);
  const range = result.ok ? result.value : null;
  parsed.set(entry, range);
  return range;
}
