import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import type { Schema } from '../api/client.js';

/** Keeps the order that was shown, new addresses below: a click must not allow another address than the one intended. */
export function inPlace<Refused extends { readonly ip: string }>(
  addresses: readonly Refused[],
  shown: readonly string[],
): Refused[] {
  const ranks = new Map(shown.map((ip, rank) => [ip, rank]));
  const rank = ({ ip }: Refused) => ranks.get(ip) ?? shown.length;
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}

/** Whether the list lets the address in now, decided by the relays' code. False if the text is not an address. */
export function letsIn({ restricted, entries }: Schema<'Restriction'>, ip: string): boolean {
  return !restricted || entries.some(({ live, range }) => live && isIn(range, ip));
}

/** False for a text that is not a range or not an address. */
export function isIn(range: string, ip: string): boolean {
  const [parsed, address] = [parseRange(range), parseAddress(ip)];
  return parsed.ok && address.ok && contains(parsed.value, address.value);
}
