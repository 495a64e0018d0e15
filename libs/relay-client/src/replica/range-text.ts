import { networkAt, prefixOf, v4CountOf, v6Words } from './record-layout.js';

/** The canonical text of entry `index` of the record at `at` (RFC 5952 for IPv6); a single address has no prefix. */
export function rangeText(words: Uint32Array, at: number, index: number): string {
  const prefix = prefixOf(words, at, index);
  const network = networkAt(words, at, index);
  if (index < v4CountOf(words[at] as number)) return packedRangeText(4, [words[network] as number], prefix);
  return packedRangeText(6, words.subarray(network, network + v6Words(prefix)), prefix);
}

/** The canonical text of a network; words that are left out at its end are zero. */
export function packedRangeText(family: 4 | 6, network: ArrayLike<number>, prefix: number): string {
  if (family === 4) {
    const text = v4Text(network[0] as number);
    return prefix === 32 ? text : `${text}/${prefix}`;
  }
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) {
    const word = network[i] ?? 0;
    groups.push(word >>> 16, word & 0xffff);
  }
  const text = v6Text(groups);
  return prefix === 128 ? text : `${text}/${prefix}`;
}

function v4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** RFC 5952, section 4: lower case, no leading zeros, `::` for the longest run of two zero groups or more, the first of equals. */
function v6Text(groups: readonly number[]): string {
  let start = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > longest) {
      longest = run;
      start = i;
    }
    i += run;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + longest, 8)}`;
}
