import type { DecisionKind, ReasonCode } from '@postern/contracts';
import { contains, RangeIndex, type IpAddress, type IpRange } from '@postern/ip-ranges';
import { isLive, parsedRange } from './entry.js';
import { modeAt, type ModeSetting } from './mode.js';

export interface AccessPolicy extends ModeSetting {
  readonly restricted: boolean;
  readonly entries: readonly { readonly range: string; readonly expiresAt: string | null }[];
}

interface AccessDecision {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly matched: number | null;
  /** Whether this login is recorded as a denial: refused, or allowed by `report-only`. */
  readonly denial: boolean;
  readonly refused: boolean;
}

/**
 * Unknown user (`policy` null): defer. Restricted: allow on a match, otherwise deny, also without a live entry. `report-only`, until its
 * `enforceAt`, allows a mismatch and records it. An unreadable address (`ip` null) is denied by a restriction in both modes.
 */
export function decideAccess(policy: AccessPolicy | null, ip: IpAddress | null, at: Date): AccessDecision {
  return decideBy(policy, ip, at, (address) => {
    let anyLive = false;
    for (const [index, entry] of policy?.entries.entries() ?? []) {
      if (!isLive(entry, at)) continue;
      anyLive = true;
      const range = parsedRange(entry);
      if (range !== null && contains(range, address)) return { matched: index, anyLive };
    }
    return { matched: null, anyLive };
  });
}

/** `decideAccess` for many addresses, by an index of the ranges: 10,000 addresses and 1,000 entries take milliseconds. */
export function accessAt(policy: AccessPolicy, at: Date): (ip: IpAddress | null) => AccessDecision {
  const live = policy.entries.flatMap((entry, index) =>
    isLive(entry, at) ? [{ index, range: parsedRange(entry) }] : [],
  );
  const ranges = new RangeIndex(live.filter((entry): entry is LiveRange => entry.range !== null));
  return (ip) =>
    decideBy(policy, ip, at, (address) => {
      const indexes = ranges.containing(address).map(({ index }) => index);
      return { matched: indexes.length > 0 ? Math.min(...indexes) : null, anyLive: live.length > 0 };
    });
}

interface LiveRange {
  readonly index: number;
  readonly range: IpRange;
}

export const ALL_ADDRESSES: readonly string[] = ['0.0.0.0/0', '::/0'];

/** The ranges that the policy lets in at that instant, canonical. `report-only` lets in all. Empty: no live entry. */
export function allowedRanges(policy: AccessPolicy, at: Date): readonly string[] {
  if (!policy.restricted || modeAt(policy, at) !== 'enforce') return ALL_ADDRESSES;
  return policy.entries.flatMap((entry) => (isLive(entry, at) ? (parsedRange(entry)?.text ?? []) : []));
}

/** @param search finds the first live entry with the address, and whether any entry is live */
function decideBy(
  policy: AccessPolicy | null,
  ip: IpAddress | null,
  at: Date,
  search: (ip: IpAddress) => { readonly matched: number | null; readonly anyLive: boolean },
): AccessDecision {
  if (policy === null) return unrecorded('defer', 'smtp-user-unknown', null);
  if (!policy.restricted) return unrecorded('allow', 'unrestricted', null);
  if (ip === null) return denial('deny', 'source-ip-invalid');
  const { matched, anyLive } = search(ip);
  if (matched !== null) return unrecorded('allow', 'entry-matched', matched);
  return denial(modeAt(policy, at) === 'enforce' ? 'deny' : 'allow', anyLive ? 'ip-not-authorized' : 'no-live-entry');
}

function unrecorded(decision: DecisionKind, reason: ReasonCode, matched: number | null): AccessDecision {
  return { decision, reason, matched, denial: false, refused: false };
}

function denial(decision: 'allow' | 'deny', reason: ReasonCode): AccessDecision {
  return { decision, reason, matched: null, denial: true, refused: decision === 'deny' };
}
