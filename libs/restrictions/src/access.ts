import type { DecisionKind, Mode, ReasonCode } from '@postern/contracts';
import { contains, type IpAddress } from '@postern/ip-ranges';
import { isLive, parsedRange } from './entry.js';

/** What access is decided by: an SMTP user's state, or its relay policy. */
export interface AccessPolicy {
  readonly restricted: boolean;
  readonly mode: Mode;
  readonly entries: readonly { readonly range: string; readonly expiresAt: string | null }[];
}

interface AccessDecision {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** The index of the first live entry that has the address in it. */
  readonly matched: number | null;
  /** Whether this login goes on record as a denial: refused, or let through by `report-only`. */
  readonly denial: boolean;
  /** Whether the login is refused because of the restriction. */
  readonly refused: boolean;
}

/**
 * Decides whether an SMTP user may log in from an address at an instant. Four states stay distinct:
 * unknown (`policy` null) defers; unrestricted allows, from anywhere; restricted allows on a match and else denies;
 * restricted without a live entry denies.
 *
 * `report-only` lets a mismatch through, with its reason and on record. An address that could not be parsed (`ip` null)
 * is no mismatch, and is denied wherever there is a restriction, in either mode: nobody can say what it matches.
 */
export function decideAccess(policy: AccessPolicy | null, ip: IpAddress | null, at: Date): AccessDecision {
  if (policy === null) return unrecorded('defer', 'smtp-user-unknown', null);
  if (!policy.restricted) return unrecorded('allow', 'unrestricted', null);
  if (ip === null) return denial('deny', 'source-ip-invalid');
  let anyLive = false;
  for (const [index, entry] of policy.entries.entries()) {
    if (!isLive(entry, at)) continue;
    anyLive = true;
    const range = parsedRange(entry);
    if (range !== null && contains(range, ip)) return unrecorded('allow', 'entry-matched', index);
  }
  return denial(policy.mode === 'enforce' ? 'deny' : 'allow', anyLive ? 'ip-not-authorized' : 'no-live-entry');
}

function unrecorded(decision: DecisionKind, reason: ReasonCode, matched: number | null): AccessDecision {
  return { decision, reason, matched, denial: false, refused: false };
}

function denial(decision: 'allow' | 'deny', reason: ReasonCode): AccessDecision {
  return { decision, reason, matched: null, denial: true, refused: decision === 'deny' };
}
