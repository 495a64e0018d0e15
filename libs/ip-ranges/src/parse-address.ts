import { familyOf } from './address.js';
import type { IpAddress } from './address.js';
import { canonicalAddress } from './canonical-text.js';
import { explain } from './explain.js';
import { unmapped } from './mapped.js';
import type { Parsed } from './parsed.js';
import { readIpv4 } from './read-ipv4.js';
import { readIpv6 } from './read-ipv6.js';

/**
 * Parses a client's address. A mapped one (`::ffff:a.b.c.d`, also as `::ffff:a00:1`) becomes IPv4.
 * NAT64, 6to4, Teredo and IPv4-compatible addresses stay plain IPv6: what they embed anybody can choose.
 * Refusals have the code `source-ip-invalid`; it never throws, whatever it is given.
 */
export function parseAddress(text: string): Parsed<IpAddress> {
  return readAddress(text) ?? explain(text, 'address', readAddress);
}

function readAddress(text: string): Parsed<IpAddress> | null {
  if (typeof text !== 'string') return null;
  const ipv4 = readIpv4(text);
  // A strict text is the canonical one: there is no other way to write it.
  if (ipv4 !== null) return { ok: true, value: { family: 'IPv4', bytes: ipv4, text } };
  const ipv6 = readIpv6(text);
  if (ipv6 === null) return null;
  const bytes = unmapped(ipv6);
  return { ok: true, value: { family: familyOf(bytes), bytes, text: canonicalAddress(bytes) } };
}
