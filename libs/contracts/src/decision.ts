/** What a relay does with a login. */
export type DecisionKind = 'allow' | 'deny' | 'defer';

/** `enforce` refuses a mismatch; `report-only` records it and lets it through. */
export const MODES = ['enforce', 'report-only'] as const;
export type Mode = (typeof MODES)[number];

/** The reasons that a denial can carry: those of a refused, or would-be refused, login. */
export const DENIAL_REASONS = ['ip-not-authorized', 'no-live-entry', 'source-ip-invalid'] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** Why a decision came out as it did. */
export type ReasonCode = DenialReason | 'unrestricted' | 'entry-matched' | 'smtp-user-unknown' | 'policy-stale';

/** What the relay says to its client: an SMTP code (RFC 5321), an enhanced status (RFC 3463) and a text. */
export interface Reply {
  readonly code: 535 | 454;
  readonly enhanced: '5.7.1' | '5.7.8' | '4.7.0';
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
