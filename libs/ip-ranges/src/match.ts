import type { IpAddress, IpRange } from './address.js';
import { parseRange } from './parse.js';

/** Families never match each other: an IPv4 address embedded in IPv6 grants nothing. */
export function contains(range: IpRange, address: IpAddress): boolean {
  return range.family === address.family && sameBits(range.first, address.bytes, range.prefix);
}

/** Whether all of `inner` is in `outer`; a range covers itself. */
export function covers(outer: IpRange, inner: IpRange): boolean {
  return (
    outer.family === inner.family && outer.prefix <= inner.prefix && sameBits(outer.first, inner.first, outer.prefix)
  );
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const bytes = bits >> 3;
  for (let i = 0; i < bytes; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((a[bytes] ?? 0) ^ (b[bytes] ?? 0)) >> (8 - rest) === 0;
}

/** Ranges from which no login can come over the internet, so an entry may be a mistake. */
const PRIVATE: readonly IpRange[] = [
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10', // RFC 6598: between a provider and its carrier-grade NAT
  '127.0.0.0/8', // RFC 1122: loopback
  '169.254.0.0/16', // RFC 3927: link-local
  '::1', // RFC 4291: loopback
  'fc00::/7', // RFC 4193: unique local
  'fe80::/10', // RFC 4291: link-local
].map((text) => {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
});

export type RemarkCode = 'very-wide' | 'private-range';

/** Possible mistakes in an otherwise valid range. `detail` continues the sentence after the range's text. */
export function remarksOn(range: IpRange): { readonly code: RemarkCode; readonly detail: string }[] {
  const remarks: { code: RemarkCode; detail: string }[] = [];
  if (isVeryWide(range)) {
    const site = range.family === 'IPv4' ? '/16' : '/32';
    remarks.push({
      code: 'very-wide',
      detail: `is wider than ${site}: check that it contains only your own addresses.`,
    });
  }
  if (isPrivate(range)) {
    const detail = 'is private address space: no login over the internet comes from there.';
    remarks.push({ code: 'private-range', detail });
  }
  return remarks;
}

export function isPrivate(range: IpRange): boolean {
  return PRIVATE.some((space) => covers(space, range));
}

/** Wider than any site needs: IPv4 wider than /16, IPv6 wider than /32. */
export function isVeryWide(range: IpRange): boolean {
  return range.prefix < (range.family === 'IPv4' ? 16 : 32);
}
