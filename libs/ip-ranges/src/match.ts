import type { IpAddress, IpRange } from './address.js';

/** Whether the address is in the range. Families never match each other: an IPv4 address embedded in IPv6 grants nothing. */
export function contains(range: IpRange, address: IpAddress): boolean {
  return range.family === address.family && sameBits(range.first, address.bytes, range.prefix);
}

/** Whether all of `inner` is in `outer`; a range covers itself. */
export function covers(outer: IpRange, inner: IpRange): boolean {
  return (
    outer.family === inner.family && outer.prefix <= inner.prefix && sameBits(outer.first, inner.first, outer.prefix)
  );
}

/** Whether two equally long addresses agree in their first `bits`. */
function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((a[whole] ?? 0) ^ (b[whole] ?? 0)) >> (8 - rest) === 0;
}
