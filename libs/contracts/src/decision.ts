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
