import type { EntryAdded, EntryId, Mode, SmtpUserId, TenantId } from '@postern/contracts';
import { isLive } from './entry.js';
import { modeAt } from './mode.js';
import { requireRegistered, type RegisteredSmtpUser, type SmtpUserState } from './state.js';
import { warningsOf, type Warning } from './warnings.js';

/** An entry of the HTTP API. Times are RFC 3339, UTC, milliseconds. */
export interface Entry {
  readonly id: EntryId;
  readonly range: string;
  readonly typed: string;
  readonly note: string | null;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly expiresAt: string | null;
  readonly live: boolean;
}

export interface Restriction {
  readonly restricted: boolean;
  readonly mode: Mode;
  /** The end of `report-only` as it was set. If it has passed, the list is enforced. */
  readonly enforceAt: string | null;
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

/** An SMTP user of the HTTP API at `now`. @throws `smtp-user-not-found`. */
export function smtpUserView(state: SmtpUserState, now: Date): SmtpUser {
  const user = requireRegistered(state);
  const { smtpUserId: id, tenantId, username, createdAt } = user;
  return { id, tenantId, username, createdAt, restriction: restrictionView(user, now) };
}

type RestrictionSource = Pick<RegisteredSmtpUser, 'restricted' | 'mode' | 'enforceAt' | 'version' | 'entries'>;

/** A restriction of the HTTP API at `now`, with its warnings. @throws `smtp-user-not-found`. */
export function restrictionView(source: SmtpUserState | RestrictionSource, now: Date): Restriction {
  const setting = 'status' in source ? requireRegistered(source) : source;
  const { restricted, enforceAt, version, entries } = setting;
  return {
    restricted,
    mode: modeAt(setting, now),
    enforceAt,
    version,
    entries: entries.map((entry) => entryView(entry, now)),
    warnings: warningsOf(entries, now),
  };
}

export function entryView(entry: EntryAdded, now: Date): Entry {
  const { id, range, typed, note, addedBy, addedAt, expiresAt } = entry;
  return { id, range, typed, note, addedBy, addedAt, expiresAt, live: isLive(entry, now) };
}
