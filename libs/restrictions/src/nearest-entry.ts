import type { EntryAdded } from '@postern/contracts';
import { contains, type IpAddress, type IpRange } from '@postern/ip-ranges';
import { endOf, isLive, parsedRange } from './entry.js';

/** For an address that no entry allows: the expired entry that contains it (the last to expire), else the closest live one of its family. */
export function nearestEntry<Entry extends Pick<EntryAdded, 'range' | 'expiresAt'>>(
  entries: readonly Entry[],
  ip: IpAddress,
  at: Date,
): Entry | null {
  let expired: Entry | null = null;
  let closest: { readonly entry: Entry; readonly distance: bigint } | null = null;
  for (const entry of entries) {
    const range = parsedRange(entry);
    if (range?.family !== ip.family) continue;
    if (!isLive(entry, at)) {
      if (contains(range, ip) && (expired === null || endOf(entry) > endOf(expired))) expired = entry;
      continue;
    }
    const distance = distanceTo(range, ip);
    if (closest === null || distance < closest.distance) closest = { entry, distance };
  }
  return expired ?? closest?.entry ?? null;
}

/** How many addresses are between the address and the range; negative or 0 inside it. */
function distanceTo({ first, prefix }: IpRange, { bytes }: IpAddress): bigint {
  const address = numberOf(bytes);
  const lowest = numberOf(first);
  const highest = lowest + (1n << BigInt(bytes.length * 8 - prefix)) - 1n;
  return address < lowest ? lowest - address : address - highest;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
