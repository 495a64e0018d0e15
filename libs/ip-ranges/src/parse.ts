import { addressOf, canonicalAddress, canonicalRange, familyOf, maskedTo, rangeOfBytes } from './address.js';
import type { IpAddress, IpRange, Parsed } from './address.js';
import { explain } from './explain.js';
import { readIpv4, readIpv6 } from './read.js';

/** A mapped address (`::ffff:a.b.c.d`) becomes IPv4. NAT64, 6to4, Teredo and IPv4-compatible ones stay IPv6: anybody can choose what they embed. */
export function parseAddress(text: string): Parsed<IpAddress> {
  return readAddress(text) ?? explain(text, 'address', readAddress);
}

/**
 * A mapped range (`::ffff:a.b.c.d/96` and longer) becomes IPv4. Never throws. Refusals:
 * - `host-bits-set`: `203.0.113.42/24`; suggests the network and the single address.
 * - `range-too-wide`: `/0`, or an IPv6 range with all mapped IPv4 addresses.
 * - `range-invalid`: anything else.
 */
export function parseRange(text: string): Parsed<IpRange> {
  return readRange(text) ?? explain(text, 'range', readRange);
}

function readAddress(text: string): Parsed<IpAddress> | null {
  if (typeof text !== 'string') return null;
  const ipv4 = readIpv4(text);
  // A strict text is already canonical.
  if (ipv4 !== null) return { ok: true, value: { family: 'IPv4', bytes: ipv4, text } };
  const ipv6 = readIpv6(text);
  return ipv6 && { ok: true, value: addressOf(unmapped(ipv6)) };
}

const RANGE = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/;

function readRange(text: string): Parsed<IpRange> | null {
  const [, address, digits] = (typeof text === 'string' && RANGE.exec(text)) || [];
  if (address === undefined) return null;
  const typed = readIpv4(address) ?? readIpv6(address);
  if (typed === null) return null;
  const bits = typed.length * 8;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return null;
  return isMapped(typed) && prefix >= MAPPED_PREFIX
    ? checked(unmapped(typed), prefix - MAPPED_PREFIX)
    : checked(typed, prefix);
}

/** A readable range may still be invalid for an allow list. */
function checked(typed: Uint8Array, prefix: number): Parsed<IpRange> {
  const first = maskedTo(typed, prefix);
  const hostBitsSet = typed.some((byte, i) => byte !== first[i]);
  if (prefix === 0 || holdsAllMapped(first, prefix)) {
    const what =
      prefix === 0 ? `every ${familyOf(typed)} address` : 'every IPv4 address in its mapped form (::ffff:0:0/96)';
    const detail = `${canonicalRange(first, prefix)} contains ${what}. To let the SMTP user log in from anywhere, clear its restriction.`;
    const suggestions = hostBitsSet ? [canonicalAddress(unmapped(typed))] : [];
    return { ok: false, code: 'range-too-wide', detail, suggestions };
  }
  if (!hostBitsSet) return { ok: true, value: rangeOfBytes(first, prefix) };
  const network = canonicalRange(first, prefix);
  const address = canonicalAddress(typed);
  const detail = `${address}/${prefix} has bits set after the first ${prefix}. Send the network ${network} or the single address ${address}.`;
  return { ok: false, code: 'host-bits-set', detail, suggestions: [network, address] };
}

/** Bits of `::ffff:0:0/96`, the IPv4-mapped addresses (RFC 4291, section 2.5.5.2). */
const MAPPED_PREFIX = 96;

/** By the bytes: `::ffff:a00:1` is mapped as much as `::ffff:10.0.0.1`. */
function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && startsAsMapped(bytes, MAPPED_PREFIX);
}

/** Whether an IPv6 range of fewer than 96 bits contains all mapped addresses. `first` is its lowest address. */
function holdsAllMapped(first: Uint8Array, prefix: number): boolean {
  return first.length === 16 && prefix < MAPPED_PREFIX && startsAsMapped(first, prefix);
}

function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

function startsAsMapped(bytes: Uint8Array, prefix: number): boolean {
  for (let i = 0; i < 12 && i * 8 < prefix; i++) {
    const expected = i < 10 ? 0 : 0xff;
    const bits = Math.min(8, prefix - i * 8);
    if (((bytes[i] ?? 0) ^ expected) >> (8 - bits) !== 0) return false;
  }
  return true;
}
