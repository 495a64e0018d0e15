import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import type { Schema } from '../api/client.js';
import type { Denial, DenialReason } from './words.js';

/** Logins of one address that were refused in a time. */
export interface Refusal {
  readonly ip: string;
  readonly refused: number;
  readonly since: string;
  readonly last: string;
  /** In the order in which they refused last. */
  readonly relays: readonly string[];
  /** Of the last one. */
  readonly reason: DenialReason;
}

/** The refused logins by address; the address that was refused last comes first. `denials` in any order. */
export function refusalsOf(denials: readonly Denial[]): Refusal[] {
  const byIp = new Map<string, Refusal>();
  for (const { ip, refused, count, occurredAt, relay, reason } of denials.toSorted(newestFirst)) {
    if (!refused) continue;
    const known = byIp.get(ip) ?? { ip, refused: 0, since: occurredAt, last: occurredAt, relays: [], reason };
    const relays = known.relays.includes(relay) ? known.relays : [...known.relays, relay];
    byIp.set(ip, { ...known, refused: known.refused + count, since: occurredAt, relays });
  }
  return [...byIp.values()];
}

const newestFirst = (a: Denial, b: Denial): number => (a.occurredAt < b.occurredAt ? 1 : -1);

/**
 * What is known of addresses, in the places in which they were shown; new ones come below. Nothing moves under the pointer:
 * an address must not be allowed by a click that was meant for another.
 */
export function inPlace<Refused extends { readonly ip: string }>(
  addresses: readonly Refused[],
  shown: readonly string[],
): Refused[] {
  const places = new Map(shown.map((ip, place) => [ip, place]));
  const place = ({ ip }: Refused) => places.get(ip) ?? shown.length;
  return addresses.toSorted((a, b) => place(a) - place(b));
}

/** Whether the list lets the address in now; by the same code as the relays. A text that is no address is not let in. */
export function letsIn({ restricted, entries }: Schema<'Restriction'>, ip: string): boolean {
  const address = parseAddress(ip);
  if (!restricted) return true;
  if (!address.ok) return false;
  return entries.some(({ live, range }) => {
    const parsed = parseRange(range);
    return live && parsed.ok && contains(parsed.value, address.value);
  });
}
