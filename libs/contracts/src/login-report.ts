import type { EntryId, SmtpUserId } from './ids.js';

/** Logins that a relay let through, of one SMTP user from one address in one hour: an item of `POST /v1/relay/logins`. */
export interface LoginReport {
  readonly smtpUserId: SmtpUserId;
  /** Canonical: an IPv4 address in IPv6 form is IPv4. */
  readonly ip: string;
  /** When the hour began by the relay's clock; RFC 3339, UTC, milliseconds. */
  readonly hour: string;
  /** 1 or more. */
  readonly count: number;
  /** The entry that let them in; null: none, or the relay does not have its id. */
  readonly entryId: EntryId | null;
  readonly relay: string;
}

export const MAX_LOGINS_PER_REPORT = 1_000;
