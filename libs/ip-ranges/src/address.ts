export type Family = 'IPv4' | 'IPv6';

/** One address, in network byte order. An IPv4 address in its mapped IPv6 form never gets this far: it is an IPv4 address. */
export interface IpAddress {
  readonly family: Family;
  /** 4 bytes or 16. */
  readonly bytes: Uint8Array;
  /** Canonical: dotted decimal, or RFC 5952. */
  readonly text: string;
}

/** A CIDR range, or a single address as the range of one. */
export interface IpRange {
  readonly family: Family;
  /** 1 to 32, or 1 to 128. */
  readonly prefix: number;
  /** The lowest address: 4 bytes or 16, all host bits zero. */
  readonly first: Uint8Array;
  /** Canonical; a single address has no prefix. */
  readonly text: string;
}

/** The bits of an address: the longest prefix there is. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

/** The family of an address of so many bytes. */
export function familyOf(bytes: Uint8Array): Family {
  return bytes.length === 4 ? 'IPv4' : 'IPv6';
}
