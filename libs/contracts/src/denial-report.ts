import type { DenialReason, Mode } from './decision.js';
import type { SmtpUserId } from './ids.js';

/** A denial as a relay reports it: an item of `POST /v1/relay/auth-denials`. */
export interface DenialReport {
  /** UUIDv7, created once by the relay: a repeated report has the same id. */
  readonly id: string;
  readonly username: string;
  /** The SMTP user whose policy decided. Without it: the user that had the username at `occurredAt`. */
  readonly smtpUserId?: SmtpUserId | undefined;
  readonly ip: string;
  /** By the relay's clock; RFC 3339, UTC, milliseconds. */
  readonly occurredAt: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  /** Logins in this report, 1 or more. */
  readonly count: number;
}

/** A relay's clock may be ahead of Postern's by this much. */
export const MAX_CLOCK_AHEAD_MS = 24 * 3_600_000;
/** Earlier denials are refused. RFC 3339. */
export const EARLIEST_DENIAL = '2000-01-01T00:00:00.000Z';

export const MAX_DENIALS_PER_REPORT = 1_000;
