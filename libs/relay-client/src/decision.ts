import { replyOf } from '@postern/contracts';
import type { DecisionKind, DenialReason, Mode, ReasonCode, Reply } from '@postern/contracts';
import type { TenantReplies } from './policies/tenant-replies.js';
import * as code from './replica/replica.js';
import type { Replica } from './replica/replica.js';

/** The shape is that of `POST /v1/relay/decisions`. */
export interface Decision {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly mode: Mode | null;
  readonly matched: { readonly range: string; readonly expiresAt: string | null } | null;
  /** What the relay answers to its client; null: continue with the login. */
  readonly reply: Reply | null;
}

export type UnknownUser = 'defer' | 'allow';

const REASONS: Readonly<Record<number, DenialReason>> = {
  [code.NOT_AUTHORIZED]: 'ip-not-authorized',
  [code.NO_LIVE_ENTRY]: 'no-live-entry',
  [code.SOURCE_IP_INVALID]: 'source-ip-invalid',
};

export const STALE: Decision = decisionOf('defer', 'policy-stale', null);

const UNKNOWN_USER: Readonly<Record<UnknownUser, Decision>> = {
  defer: decisionOf('defer', 'smtp-user-unknown', null),
  allow: decisionOf('allow', 'smtp-user-unknown', null),
};

export function decideBy(
  replica: Replica,
  username: string,
  ip: string,
  unknownUser: UnknownUser,
  replies?: Pick<TenantReplies, 'of'>,
): Decision {
  const found = replica.decideCode(username, ip);
  if (found === code.UNKNOWN) return UNKNOWN_USER[unknownUser];
  if (found === code.UNRESTRICTED) return decisionOf('allow', 'unrestricted', modeOf(replica));
  if (found === code.MATCHED) {
    const expiry = replica.matchedExpiry();
    const matched = {
      range: replica.matchedRange(),
      expiresAt: expiry === null ? null : new Date(expiry).toISOString(),
    };
    return { ...decisionOf('allow', 'entry-matched', modeOf(replica)), matched };
  }
  const reason = REASONS[found & ~code.IN_REPORT_ONLY] ?? 'ip-not-authorized';
  const reportOnly = (found & code.IN_REPORT_ONLY) !== 0;
  // An address that cannot be parsed is denied in report-only too: nobody can say which entry it would match.
  const decision = reportOnly && reason !== 'source-ip-invalid' ? 'allow' : 'deny';
  const decided = decisionOf(decision, reason, reportOnly ? 'report-only' : 'enforce');
  const reply = decision === 'deny' ? (replies?.of(replica.tenantId()) ?? null) : null;
  return reply === null ? decided : { ...decided, reply: replyOf(decision, replica.addressText(), reply) };
}

/** The reason to record; null if the login is neither a denial nor, in report-only, a would-be denial. */
export function denialReason(decision: Decision): DenialReason | null {
  const { reason } = decision;
  return reason === 'ip-not-authorized' || reason === 'no-live-entry' || reason === 'source-ip-invalid' ? reason : null;
}

function decisionOf(decision: DecisionKind, reason: ReasonCode, mode: Mode | null): Decision {
  return { decision, reason, mode, matched: null, reply: replyOf(decision, null, null) };
}

function modeOf(replica: Replica): Mode {
  return replica.isReportOnly() ? 'report-only' : 'enforce';
}
