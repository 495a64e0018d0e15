import type { Described } from '@postern/contracts';
import { neighbourhood, type Family, type IpAddress } from '@postern/ip-ranges';
import { denialReasonView, integer, text, time, view } from '@postern/http';
import { z } from 'zod';
import { MAX_NEIGHBOURS } from './neighbours.js';

export const deniedTotals = {
  ip: text('203.0.113.9'),
  count: integer(1, 12, 'Logins.'),
  firstDeniedAt: time('2026-11-01T08:00:00.000Z'),
  lastDeniedAt: time('2026-11-02T09:30:00.000Z'),
  relays: z.array(text('mx1')),
  reasons: z.array(denialReasonView),
};
/** `address` is null if `ip`, as the relays saw it, is not an address. */
export type DeniedIpRecord = Described<z.ZodObject<typeof deniedTotals>> & { readonly address: IpAddress | null };

export const suggestedEntry = view('SuggestedEntry', 'An entry that would allow the address.', {
  range: text('203.0.113.9', 'The address or range in canonical form, as in an entry.'),
  why: text('It is the address itself.'),
  covers: integer(
    1,
    1,
    `How many denied addresses of this SMTP user the range covers. Counting ends at ${MAX_NEIGHBOURS}.`,
  ),
});
type SuggestedEntry = z.infer<typeof suggestedEntry>;

export type DeniedAddress = DeniedIpRecord & { readonly address: IpAddress };

export interface Surroundings {
  readonly listed: ReadonlySet<Family>;
  /** Denied addresses in the neighbourhood (IPv4 /24, IPv6 /64), this one included. */
  readonly neighbours: number;
  readonly recent: readonly DeniedIpRecord[];
}

const SEVERAL = 3;

/** The narrowest first. */
export function suggestEntries(denied: DeniedAddress, { listed, neighbours, recent }: Surroundings): SuggestedEntry[] {
  const { address } = denied;
  const suggestions = [{ range: address.text, why: whyItself(denied, listed), covers: 1 }];
  if (neighbours >= SEVERAL) {
    const { text } = neighbourhood(address);
    suggestions.push({
      range: text,
      why: `${neighbours} addresses of ${text} were denied: if the complete network is yours, one entry covers them all.`,
      covers: neighbours,
    });
  }
  const twin = listed.has(other(address.family)) ? null : twinOf(denied, recent);
  if (twin) {
    suggestions.push({
      range: twin.address.text,
      why: `${twin.address.text} was denied about the same time at ${twin.relay} too: if it is the same host, it needs entries for both families, IPv4 and IPv6.`,
      covers: 1,
    });
  }
  return suggestions;
}

function whyItself({ address, count }: DeniedAddress, listed: Surroundings['listed']) {
  const times = count === 1 ? 'once' : `${count} times`;
  const itself = `The address itself, which was denied ${times}.`;
  if (listed.has(address.family) || !listed.has(other(address.family))) return itself;
  return `${itself} The list has only ${other(address.family)} ranges, and this is ${address.family}: a host that has both needs entries for both families.`;
}

function other(family: Family): Family {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}

/** A host with both families tries one after the other (RFC 8305), and again with the next mail. */
const SAME_TIME_MS = 3_600_000;

/** The address of the other family that was denied at the same relay nearest in time, within an hour; or null. */
function twinOf(denied: DeniedAddress, recent: readonly DeniedIpRecord[]) {
  let nearest: { readonly address: IpAddress; readonly relay: string; readonly apart: number } | null = null;
  for (const { address, relays, lastDeniedAt } of recent) {
    if (address === null || address.family === denied.address.family) continue;
    const relay = relays.find((name) => denied.relays.includes(name));
    const apart = Math.abs(Date.parse(lastDeniedAt) - Date.parse(denied.lastDeniedAt));
    if (relay !== undefined && apart <= SAME_TIME_MS && apart < (nearest?.apart ?? Infinity))
      nearest = { address, relay, apart };
  }
  return nearest;
}
