import type { EntryAdded, Mode, SmtpUserId, TenantId } from '@postern/contracts';
import { DomainRefusal } from './refusal.js';

/** Nothing has happened to this SMTP user: it is not known. */
export interface NoSmtpUser {
  readonly status: 'none';
  readonly version: 0;
}

export interface RegisteredSmtpUser {
  readonly status: 'registered';
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  /** As given; compared without case. */
  readonly username: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  readonly mode: Mode;
  /** True from the first entry until the restriction is cleared: also when no entry is live, or none is left. */
  readonly restricted: boolean;
  /** In the order in which they were added, the expired ones too. */
  readonly entries: readonly EntryAdded[];
  /** The number of events of this SMTP user. */
  readonly version: number;
}

/** The user is unknown again, and its username free; the id is never used again. */
export interface RemovedSmtpUser {
  readonly status: 'removed';
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  readonly username: string;
  readonly version: number;
}

export type SmtpUserState = NoSmtpUser | RegisteredSmtpUser | RemovedSmtpUser;

export function initialState(): NoSmtpUser {
  return { status: 'none', version: 0 };
}

/** The SMTP user if there is one now; else the refusal `smtp-user-not-found`. */
export function requireRegistered(state: SmtpUserState): RegisteredSmtpUser {
  if (state.status === 'registered') return state;
  const detail =
    state.status === 'removed'
      ? `The SMTP user ${state.username} was removed. Register the username again for a new SMTP user.`
      : 'There is no SMTP user with this id. Register it first.';
  throw new DomainRefusal('smtp-user-not-found', detail);
}

/** Reading the times took a third of the view of 300 entries: each is read once, like the ranges. */
const ends = new WeakMap<object, { readonly text: string; readonly ms: number }>();

/** Whether an entry is honoured at `at`: it ends at the very millisecond of its `expiresAt`. One that is no time is over. */
export function isLive(entry: { readonly expiresAt: string | null }, at: Date): boolean {
  return at.getTime() < endOf(entry);
}

/** The end of an entry in milliseconds since 1970; Infinity where it has none. */
export function endOf(entry: { readonly expiresAt: string | null }): number {
  const text = entry.expiresAt;
  if (text === null) return Number.POSITIVE_INFINITY;
  const known = ends.get(entry);
  if (known?.text === text) return known.ms;
  const ms = Date.parse(text);
  ends.set(entry, { text, ms });
  return ms;
}

/** Entries on one restriction, the expired ones too. */
export const MAX_ENTRIES = 1_000;

/** Characters (UTF-16 code units) of an entry's note. */
export const MAX_NOTE_LENGTH = 500;
