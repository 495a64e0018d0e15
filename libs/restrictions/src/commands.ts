import type { EntryId, Mode, SmtpUserId, TenantId } from '@postern/contracts';

/** An entry as a caller wants it. */
export interface WantedEntry {
  /** An address or a CIDR range, as typed. */
  readonly range: string;
  /** Up to 500 characters. */
  readonly note?: string | null | undefined;
  /** RFC 3339; null or left out: never. */
  readonly expiresAt?: string | null | undefined;
}

export interface RegisterSmtpUser {
  readonly type: 'RegisterSmtpUser';
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  readonly username: string;
}

export interface RenameSmtpUser {
  readonly type: 'RenameSmtpUser';
  readonly username: string;
}

export interface RemoveSmtpUser {
  readonly type: 'RemoveSmtpUser';
}

export interface AddEntries {
  readonly type: 'AddEntries';
  readonly entries: readonly WantedEntry[];
}

export interface RemoveEntry {
  readonly type: 'RemoveEntry';
  readonly entryId: EntryId;
}

export interface ReplaceRestriction {
  readonly type: 'ReplaceRestriction';
  readonly entries: readonly WantedEntry[];
  /** Left out: as it is. */
  readonly mode?: Mode | undefined;
}

export interface ClearRestriction {
  readonly type: 'ClearRestriction';
}

export interface ChangeMode {
  readonly type: 'ChangeMode';
  readonly mode: Mode;
}

export type SmtpUserCommand =
  | RegisterSmtpUser
  | RenameSmtpUser
  | RemoveSmtpUser
  | AddEntries
  | RemoveEntry
  | ReplaceRestriction
  | ClearRestriction
  | ChangeMode;

/** What a decision needs from outside, so that it stays a pure function of its arguments. */
export interface CommandContext {
  readonly now: Date;
  /** The name of the API key that is used; kept as `addedBy`. */
  readonly actorName: string;
  /** Makes the id of an entry: a UUIDv7. */
  readonly newId: () => string;
}
