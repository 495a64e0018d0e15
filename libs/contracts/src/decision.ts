export const DECISIONS = ['allow', 'deny', 'defer'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

/** `enforce` denies a mismatch; `report-only` records it and allows the login. */
export const MODES = ['enforce', 'report-only'] as const;
export type Mode = (typeof MODES)[number];

export const DENIAL_REASONS = ['ip-not-authorized', 'no-live-entry', 'source-ip-invalid'] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

export const REASON_CODES = [
  'unrestricted',
  'entry-matched',
  'smtp-user-unknown',
  'policy-stale',
  ...DENIAL_REASONS,
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** What the relay answers to its client: an SMTP code (RFC 5321), an enhanced status (RFC 3463) and a text. */
export interface Reply {
  readonly code: 535 | 454;
  readonly enhanced: '5.7.1' | '5.7.8' | '4.7.0';
  readonly text: string;
}
