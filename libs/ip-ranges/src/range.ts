import { bitsOf, familyOf } from './address.js';
import type { IpAddress, IpRange } from './address.js';
import { canonicalRange } from './canonical-text.js';

/** The range of `prefix` bits around an address; `prefix` is a whole number from 1 to 32 or 128. */
export function widen(address: IpAddress, prefix: number): IpRange {
  return rangeOfBytes(maskedTo(address.bytes, prefix), prefix);
}

/** The range that is this one address. */
export function rangeOf(address: IpAddress): IpRange {
  return { family: address.family, prefix: bitsOf(address.family), first: address.bytes, text: address.text };
}

/** The addresses that most likely belong to the same site: IPv4 /24, IPv6 /64. */
export function neighbourhood(address: IpAddress): IpRange {
  return widen(address, address.family === 'IPv4' ? 24 : 64);
}

/** `first` must have its host bits zero. */
export function rangeOfBytes(first: Uint8Array, prefix: number): IpRange {
  return { family: familyOf(first), prefix, first, text: canonicalRange(first, prefix) };
}

/** A copy with all bits after the first `prefix` zero. */
export function maskedTo(bytes: Uint8Array, prefix: number): Uint8Array {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bytes.length * 8) {
    throw new RangeError(`A prefix of ${prefix} bits: give a whole number from 0 to ${bytes.length * 8}`);
  }
  const masked = bytes.slice().fill(0, (prefix + 7) >> 3);
  const last = prefix >> 3;
  if ((prefix & 7) !== 0) masked[last] = (masked[last] ?? 0) & (0xff << (8 - (prefix & 7)));
  return masked;
}
