import type { DenialReason, Mode } from './decision.js';

/** A denial as a relay reports it: an item of `POST /v1/relay/auth-denials`. */
export interface DenialReport {
  /** UUIDv7, made by the relay once: a report that is sent again keeps it. */
  readonly id: string;
  readonly username: string;
  readonly ip: string;
  /** By the relay's clock; RFC 3339, UTC, milliseconds. */
  readonly occurredAt: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  /** Logins that this report stands for, 1 or more. */
  readonly count: number;
}

/** The most reports in one request. */
export const MAX_DENIALS_PER_REPORT = 1_000;
