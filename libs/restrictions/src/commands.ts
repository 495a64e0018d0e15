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

export type SmtpUserCommand =
  | {
      readonly type: 'RegisterSmtpUser';
      readonly smtpUserId: SmtpUserId;
      readonly tenantId: TenantId;
      readonly username: string;
    }
  | { readonly type: 'RenameSmtpUser'; readonly username: string }
  | { readonly type: 'RemoveSmtpUser' }
  | { readonly type: 'AddEntries'; readonly entries: readonly WantedEntry[] }
  | { readonly type: 'RemoveEntry'; readonly entryId: EntryId }
  /** `mode` left out: as it is. */
  | { readonly type: 'ReplaceRestriction'; readonly entries: readonly WantedEntry[]; readonly mode?: Mode | undefined }
  | { readonly type: 'ClearRestriction' }
  | { readonly type: 'ChangeMode'; readonly mode: Mode };

export type CommandOf<Type extends SmtpUserCommand['type']> = Extract<SmtpUserCommand, { readonly type: Type }>;

/** What a decision needs from outside, so that it stays a pure function of its arguments. */
export interface CommandContext {
  readonly now: Date;
  /** The name of the API key that is used; kept as `addedBy`. */
  readonly actorName: string;
  /** Makes the id of an entry: a UUIDv7. */
  readonly newId: () => string;
}
