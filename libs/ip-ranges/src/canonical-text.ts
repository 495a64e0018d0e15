import ipaddr from 'ipaddr.js';

/** Dotted decimal for 4 bytes, RFC 5952 for 16. All of IPv6 is shown in hexadecimal groups, embedded IPv4 too. */
export function canonicalAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6(Array.from(bytes)).toRFC5952String();
}

/** A single address has no prefix. */
export function canonicalRange(first: Uint8Array, prefix: number): string {
  const address = canonicalAddress(first);
  return prefix === first.length * 8 ? address : `${address}/${prefix}`;
}
