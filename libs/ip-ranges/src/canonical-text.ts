/** Dotted decimal for 4 bytes, RFC 5952 for 16. All of IPv6 is shown in hexadecimal groups, embedded IPv4 too. */
export function canonicalAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` : canonicalIpv6(bytes);
}

/** A single address has no prefix. */
export function canonicalRange(first: Uint8Array, prefix: number): string {
  const address = canonicalAddress(first);
  return prefix === first.length * 8 ? address : `${address}/${prefix}`;
}

/** RFC 5952, section 4: lower case, no leading zeros, `::` for the longest run of two groups or more, the first of equals. */
function canonicalIpv6(bytes: Uint8Array): string {
  const run = longestRunOfZeros(bytes);
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === run.start) {
      text += '::';
      group += run.length - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += groupAt(bytes, group).toString(16);
  }
  return text;
}

function longestRunOfZeros(bytes: Uint8Array): { start: number; length: number } {
  let longest = { start: -1, length: 1 }; // one group alone is not shortened
  let length = 0;
  for (let group = 0; group < 8; group++) {
    length = groupAt(bytes, group) === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: group - length + 1, length };
  }
  return longest;
}

function groupAt(bytes: Uint8Array, group: number): number {
  return ((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0);
}
