import type { IpAddress } from '@postern/ip-ranges';
import type { DeniedIpRecord } from './denied-ip-record.js';

/** A host that has both families tries one after the other (RFC 8305), and again with the next mail. */
const SAME_TIME_MS = 3_600_000;

/** An address of the other family that may be the same host's, and the relay that both came to. */
export interface Twin {
  readonly address: IpAddress;
  readonly relay: string;
}

/** The address of the other family that was denied at the same relay nearest in time, within an hour; or null. */
export function twinOf(
  denied: DeniedIpRecord & { readonly address: IpAddress },
  recent: readonly DeniedIpRecord[],
): Twin | null {
  let nearest: (Twin & { readonly apart: number }) | null = null;
  for (const candidate of recent) {
    if (candidate.address === null || candidate.address.family === denied.address.family) continue;
    const relay = candidate.relays.find((name) => denied.relays.includes(name));
    const apart = Math.abs(Date.parse(candidate.lastDeniedAt) - Date.parse(denied.lastDeniedAt));
    if (relay === undefined || apart > SAME_TIME_MS || apart >= (nearest?.apart ?? Infinity)) continue;
    nearest = { address: candidate.address, relay, apart };
  }
  return nearest && { address: nearest.address, relay: nearest.relay };
}
