import type {
  DecisionKind,
  EntryAdded,
  EntryId,
  Mode,
  ObservedSource,
  ReasonCode,
  SmtpUserId,
  TenantId,
} from '@postern/contracts';
import { isLive } from './entry.js';
import { requireRegistered, type RegisteredSmtpUser, type SmtpUserState } from './state.js';
import { warningsOf, type Warning } from './warnings.js';

/** An entry as the HTTP API shows it. Times are RFC 3339, UTC, milliseconds. */
export interface Entry {
  readonly id: EntryId;
  /** Canonical; a single address has no prefix. */
  readonly range: string;
  /** What the caller sent. */
  readonly typed: string;
  readonly note: string | null;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly expiresAt: string | null;
  /** Whether it is honoured now. */
  readonly live: boolean;
}

export interface Restriction {
  readonly restricted: boolean;
  readonly mode: Mode;
  /** The SMTP user's version; the `ETag`. */
  readonly version: number;
  readonly entries: readonly Entry[];
  readonly warnings: readonly Warning[];
}

export interface SmtpUser {
  readonly id: SmtpUserId;
  readonly tenantId: TenantId;
  readonly username: string;
  readonly createdAt: string;
  readonly restriction: Restriction;
}

/** A decision, explained: what a relay would decide at that instant, and why. */
export interface CheckedAddress {
  /** Canonical. */
  readonly ip: string;
  readonly at: string;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly mode: Mode;
  readonly matched: Entry | null;
  /** Where a restriction matches nothing: an entry that contained the address and has expired, else the closest live one of its family. */
  readonly nearest: Entry | null;
  /** Entries that were honoured at that instant. */
  readonly liveEntries: number;
  /** The SMTP user's version that the decision used. */
  readonly version: number;
}

/** An address from which an SMTP user has logged in, and what would be decided now. */
export interface Source extends ObservedSource {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly matched: Entry | null;
}

/** An SMTP user as the HTTP API shows it at `now`. Throws the refusal `smtp-user-not-found` where there is none. */
export function smtpUserView(state: SmtpUserState, now: Date): SmtpUser {
  const user = requireRegistered(state);
  const { smtpUserId: id, tenantId, username, createdAt } = user;
  return { id, tenantId, username, createdAt, restriction: restrictionView(user, now) };
}

/** What a restriction's view is made of: an SMTP user's state, or a read model's row. */
type RestrictionSource = Pick<RegisteredSmtpUser, 'restricted' | 'mode' | 'version' | 'entries'>;

/** A restriction as the HTTP API shows it at `now`, with its warnings. Throws `smtp-user-not-found` where there is no user. */
export function restrictionView(source: SmtpUserState | RestrictionSource, now: Date): Restriction {
  const { restricted, mode, version, entries } = 'status' in source ? requireRegistered(source) : source;
  return {
    restricted,
    mode,
    version,
    entries: entries.map((entry) => entryView(entry, now)),
    warnings: warningsOf(entries, now),
  };
}

/** An entry as the HTTP API shows it at `now`. */
export function entryView(entry: EntryAdded, now: Date): Entry {
  const { id, range, typed, note, addedBy, addedAt, expiresAt } = entry;
  return { id, range, typed, note, addedBy, addedAt, expiresAt, live: isLive(entry, now) };
}
