import ipaddr from 'ipaddr.js';
import { readIpv4 } from './read-ipv4.js';

/** `2001:0db8:0:0:0:0:255.255.255.255` in full: 45 characters. */
const LONGEST = 45;
const GROUPS = /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*$/i;

/**
 * Reads an IPv6 address in the forms of RFC 4291, section 2.2, and nothing else: no zone, no brackets, a dotted tail only
 * of four strict octets.
 *
 * ipaddr.js does the arithmetic, but sees hexadecimal groups alone: it would take zones, octal octets in a dotted tail, and
 * `::192.0.2.1` (the IPv4-compatible form, deprecated) for `::ffff:192.0.2.1`, by which an embedded IPv4 would grant.
 * @returns the 16 bytes, or null
 */
export function readIpv6(text: string): Uint8Array | null {
  if (text.length < 2 || text.length > LONGEST) return null;
  const groups = withoutDottedTail(text);
  if (groups === null || !isHexadecimalGroups(groups)) return null;
  return Uint8Array.from(ipaddr.IPv6.parse(groups).toByteArray());
}

/** The same address with a dotted tail as two groups. */
function withoutDottedTail(text: string): string | null {
  if (!text.includes('.')) return text;
  const tailAt = text.lastIndexOf(':') + 1;
  const [a, b, c, d] = readIpv4(text.slice(tailAt)) ?? [];
  if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
  return `${text.slice(0, tailAt)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** Eight groups of one to four digits, or fewer with one `::` that stands for at least one group. */
function isHexadecimalGroups(text: string): boolean {
  const gap = text.indexOf('::');
  if (gap === -1) return countGroups(text) === 8;
  const before = text.slice(0, gap);
  const after = text.slice(gap + 2);
  const groups = (before === '' ? 0 : countGroups(before)) + (after === '' ? 0 : countGroups(after));
  return groups <= 7;
}

/** The number of groups; NaN, which compares false with all, where there is anything else. */
function countGroups(text: string): number {
  return GROUPS.test(text) ? text.split(':').length : Number.NaN;
}
