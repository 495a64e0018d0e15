import { familyOf } from './address.js';
import type { IpRange } from './address.js';
import { canonicalAddress, canonicalRange } from './canonical-text.js';
import { explain } from './explain.js';
import { holdsAllMapped, isMapped, MAPPED_PREFIX, unmapped } from './mapped.js';
import { MAX_TEXT_LENGTH } from './parsed.js';
import type { Parsed, Refused } from './parsed.js';
import { maskedTo, rangeOfBytes } from './range.js';
import { readIpv4 } from './read-ipv4.js';
import { readIpv6 } from './read-ipv6.js';

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Parses an address or a CIDR range of an allow list. A mapped range (`::ffff:a.b.c.d/96` and longer) becomes IPv4.
 * It never throws, whatever it is given. Refusals:
 * - `host-bits-set`: `203.0.113.42/24`; the suggestions are the network and the single address.
 * - `range-too-wide`: `/0`, or an IPv6 range that has every IPv4 address in it in mapped form.
 * - `range-invalid`: all else that is not exactly an address or an address, a slash and a prefix length.
 */
export function parseRange(text: string): Parsed<IpRange> {
  return readRange(text) ?? explain(text, 'range', readRange);
}

/** Null where the text has not the form of a range at all. */
function readRange(text: string): Parsed<IpRange> | null {
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) return null;
  const slash = text.indexOf('/');
  const typed = readBytes(slash === -1 ? text : text.slice(0, slash));
  if (typed === null) return null;
  const bits = typed.length * 8;
  const prefix = slash === -1 ? bits : readPrefix(text.slice(slash + 1), bits);
  if (prefix === null) return null;
  return isMapped(typed) && prefix >= MAPPED_PREFIX
    ? checked(unmapped(typed), prefix - MAPPED_PREFIX)
    : checked(typed, prefix);
}

function readBytes(text: string): Uint8Array | null {
  return readIpv4(text) ?? readIpv6(text);
}

function readPrefix(text: string, longest: number): number | null {
  const prefix = PREFIX.test(text) ? Number(text) : longest + 1;
  return prefix <= longest ? prefix : null;
}

/** What is read is not yet fit to stand in an allow list. */
function checked(typed: Uint8Array, prefix: number): Parsed<IpRange> {
  const first = maskedTo(typed, prefix);
  const hostBitsSet = typed.some((byte, i) => byte !== first[i]);
  if (prefix === 0 || holdsAllMapped(first, prefix)) return tooWide(typed, first, prefix, hostBitsSet);
  return hostBitsSet ? withHostBits(typed, first, prefix) : { ok: true, value: rangeOfBytes(first, prefix) };
}

function tooWide(typed: Uint8Array, first: Uint8Array, prefix: number, hostBitsSet: boolean): Refused {
  const what =
    prefix === 0 ? `every ${familyOf(typed)} address` : 'every IPv4 address in its mapped form (::ffff:0:0/96)';
  const detail = `${canonicalRange(first, prefix)} has ${what} in it. To let the SMTP user log in from anywhere, clear its restriction.`;
  const suggestions = hostBitsSet ? [canonicalAddress(unmapped(typed))] : [];
  return { ok: false, code: 'range-too-wide', detail, suggestions };
}

function withHostBits(typed: Uint8Array, first: Uint8Array, prefix: number): Refused {
  const network = canonicalRange(first, prefix);
  const address = canonicalAddress(typed);
  const detail = `${address}/${prefix} has bits set after its first ${prefix}: give the network ${network} or the single address ${address}.`;
  return { ok: false, code: 'host-bits-set', detail, suggestions: [network, address] };
}
