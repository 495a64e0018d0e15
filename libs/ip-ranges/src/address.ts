export type Family = 'IPv4' | 'IPv6';

/** An address in network byte order. An IPv4 address in mapped IPv6 form is already converted to IPv4. */
export interface IpAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
  /** Canonical: dotted decimal, or RFC 5952. */
  readonly text: string;
}

/** A CIDR range; a single address is a range of one. */
export interface IpRange {
  readonly family: Family;
  readonly prefix: number;
  /** The lowest address: 4 bytes or 16, all host bits zero. */
  readonly first: Uint8Array;
  /** Canonical; a single address has no prefix. */
  readonly text: string;
}

/** Why a text was refused; the codes of the HTTP API. */
export type RefusalCode = 'range-invalid' | 'host-bits-set' | 'range-too-wide' | 'source-ip-invalid';

export interface Refused {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly detail: string;
  /** Accepted alternatives, canonical, the likeliest first; may be empty. */
  readonly suggestions: readonly string[];
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

export function addressOf(bytes: Uint8Array): IpAddress {
  return { family: familyOf(bytes), bytes, text: canonicalAddress(bytes) };
}

/** The host bits of `first` must be zero. */
export function rangeOfBytes(first: Uint8Array, prefix: number): IpRange {
  return { family: familyOf(first), prefix, first, text: canonicalRange(first, prefix) };
}

export function rangeOf({ family, bytes, text }: IpAddress): IpRange {
  return { family, prefix: bytes.length * 8, first: bytes, text };
}

/** The range of `prefix` bits around an address; `prefix` is an integer from 1 to 32 or 128. */
export function widen(address: IpAddress, prefix: number): IpRange {
  return rangeOfBytes(maskedTo(address.bytes, prefix), prefix);
}

/** The addresses that probably belong to the same site: IPv4 /24, IPv6 /64. */
export function neighbourhood(address: IpAddress): IpRange {
  return widen(address, address.family === 'IPv4' ? 24 : 64);
}

/** Every range that an entry may have and that contains the address, widest first. */
export function rangesAround(address: IpAddress): IpRange[] {
  return Array.from({ length: address.bytes.length * 8 }, (_, i) => widen(address, i + 1));
}

export function familyOf(bytes: Uint8Array): Family {
  return bytes.length === 4 ? 'IPv4' : 'IPv6';
}

export function maskedTo(bytes: Uint8Array, prefix: number): Uint8Array {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bytes.length * 8) {
    throw new RangeError(`A prefix of ${prefix} bits: give a whole number from 0 to ${bytes.length * 8}`);
  }
  const masked = bytes.slice().fill(0, (prefix + 7) >> 3);
  const last = prefix >> 3;
  if ((prefix & 7) !== 0) masked[last] = (masked[last] ?? 0) & (0xff << (8 - (prefix & 7)));
  return masked;
}

/** Dotted decimal for 4 bytes, RFC 5952 for 16: hexadecimal groups, also with an embedded IPv4 address. */
export function canonicalAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : canonicalIpv6(bytes);
}

export function canonicalRange(first: Uint8Array, prefix: number): string {
  const address = canonicalAddress(first);
  return prefix === first.length * 8 ? address : `${address}/${prefix}`;
}

/** RFC 5952, section 4: lower case, no leading zeros, `::` for the first of the longest runs of two or more groups. */
function canonicalIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let longest = { start: -1, length: 1 }; // a single group is not shortened
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = groups[i] === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: i - length + 1, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (longest.start === -1) return hex.join(':');
  return `${hex.slice(0, longest.start).join(':')}::${hex.slice(longest.start + longest.length).join(':')}`;
}
