/** The canonical text of a network (RFC 5952 for IPv6). Missing words at its end are zero. */
export function rangeText(family: 4 | 6, network: Uint32Array, prefix: number): string {
  if (family === 4) {
    const word = network[0] as number;
    const text = `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
    return prefix === 32 ? text : `${text}/${prefix}`;
  }
  const groups = new Uint16Array(8);
  for (const [i, word] of network.entries()) groups.set([word >>> 16, word], 2 * i);
  const { start, length } = compressedRun(groups);
  const hex = (from: number, to: number): string =>
    Array.from(groups.subarray(from, to), (group) => group.toString(16)).join(':');
  const text = length === 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
  return prefix === 128 ? text : `${text}/${prefix}`;
}

/** What `::` replaces (RFC 5952, section 4.2): the first of the longest runs of two or more zeros; else length 0. */
export function compressedRun(groups: Uint16Array): { readonly start: number; readonly length: number } {
  let start = 0;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length && run > 1) {
      length = run;
      start = i;
    }
    i += run;
  }
  return { start, length };
}
