/** What a relay is told. */
export type DecisionKind = 'allow' | 'deny' | 'defer';

/** `enforce` refuses a mismatch; `report-only` records it and lets it through. */
export type Mode = 'enforce' | 'report-only';
export const MODES: readonly Mode[] = ['enforce', 'report-only'];

/** Why a decision came out as it did. */
export type ReasonCode =
  | 'unrestricted'
  | 'entry-matched'
  | 'ip-not-authorized'
  | 'no-live-entry'
  | 'smtp-user-unknown'
  | 'source-ip-invalid'
  | 'policy-stale';

/** The reasons that a denial can carry: those of a refused, or would-be refused, login. */
export type DenialReason = Extract<ReasonCode, 'ip-not-authorized' | 'no-live-entry' | 'source-ip-invalid'>;
export const DENIAL_REASONS: readonly DenialReason[] = ['ip-not-authorized', 'no-live-entry', 'source-ip-invalid'];

/** What the relay says to its client: an SMTP code (RFC 5321), an enhanced status (RFC 3463) and a text. */
export interface Reply {
  readonly code: 535 | 454;
  readonly enhanced: '5.7.1' | '4.7.0';
  readonly text: string;
}

export const DENY_REPLY: Reply = { code: 535, enhanced: '5.7.1', text: 'IP not authorized' };
/** RFC 4954, section 6: a temporary failure, at which a client does not ask its user for another password. */
export const DEFER_REPLY: Reply = { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' };

/** The reply of a decision: null where the login goes through. */
export function replyOf(decision: DecisionKind): Reply | null {
  if (decision === 'allow') return null;
  return decision === 'deny' ? DENY_REPLY : DEFER_REPLY;
}
