import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import type { Schema } from '../api/client.js';
import type { Denial, DenialReason } from './words.js';

export interface Refusal {
  readonly ip: string;
  readonly refused: number;
  readonly since: string;
  readonly last: string;
  /** The relay that refused last comes first. */
  readonly relays: readonly string[];
  /** Of the last one. */
  readonly reason: DenialReason;
}

/** The refused logins by address, the latest first. `denials` in any order. */
export function refusalsOf(denials: readonly Denial[]): Refusal[] {
  const byIp = new Map<string, Refusal>();
  for (const { ip, refused, count, occurredAt, relay, reason } of denials.toSorted(newestFirst)) {
    if (!refused) continue;
    const before = byIp.get(ip) ?? { ip, refused: 0, since: occurredAt, last: occurredAt, relays: [], reason };
    const relays = before.relays.includes(relay) ? before.relays : [...before.relays, relay];
    byIp.set(ip, { ...before, refused: before.refused + count, since: occurredAt, relays });
  }
  return [...byIp.values()];
}

const newestFirst = (a: Denial, b: Denial): number => (a.occurredAt < b.occurredAt ? 1 : -1);

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
  const address = parseAddress(ip);
  if (!restricted) return true;
  if (!address.ok) return false;
  return entries.some(({ live, range }) => {
    const parsed = parseRange(range);
    return live && parsed.ok && contains(parsed.value, address.value);
  });
}

/** False for a text that is not a range or not an address. */
export function isIn(range: string, ip: string): boolean {
  const [parsed, address] = [parseRange(range), parseAddress(ip)];
  return parsed.ok && address.ok && contains(parsed.value, address.value);
}
