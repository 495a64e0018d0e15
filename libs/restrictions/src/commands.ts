import type { EntryId, SmtpUserId, TenantId } from '@postern/contracts';
import type { RequestedMode } from './mode.js';

export interface RequestedEntry {
  /** An address or a CIDR range, as typed. */
  readonly range: string;
  readonly note?: string | null | undefined;
  /** RFC 3339; null or missing: never. */
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
  | { readonly type: 'AddEntries'; readonly entries: readonly RequestedEntry[] }
  | { readonly type: 'RemoveEntry'; readonly entryId: EntryId }
  | ({ readonly type: 'ReplaceRestriction'; readonly entries: readonly RequestedEntry[] } & RequestedMode)
  | { readonly type: 'ClearRestriction' }
  | ({ readonly type: 'ChangeMode' } & RequestedMode);

export type CommandOf<Type extends SmtpUserCommand['type']> = Extract<SmtpUserCommand, { readonly type: Type }>;

export interface CommandContext {
  readonly now: Date;
  /** The name of the API key, stored as `addedBy`. */
  readonly actorName: string;
  readonly newId: () => string;
}
