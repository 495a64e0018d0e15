import type { KnownSince } from '@postern/contracts';
import type { Entry } from '@postern/restrictions';

/** What the API answers about where logins come from. Times are RFC 3339, UTC, milliseconds. */
export interface Suggestion extends KnownSince {
  readonly ranges: readonly {
    readonly range: string;
    readonly logins: number;
    readonly share: number;
    readonly addresses: number;
    readonly why: string;
  }[];
  readonly left: readonly { readonly ip: string; readonly logins: number }[];
  readonly leftAddresses: number;
  readonly leftLogins: number;
  readonly logins: number;
}
export interface RestrictionPreview extends KnownSince {
  readonly logins: number;
  readonly refused: number;
  readonly refusedAddresses: number;
  readonly addresses: readonly {
    readonly ip: string;
    readonly logins: number;
    readonly lastSeenAt: string;
    readonly reason: string;
  }[];
  readonly version: number;
}
export interface EntryUse {
  readonly smtpUserId: string;
  readonly username: string;
  readonly entry: Entry;
  readonly lastMatchedAt: string | null;
  readonly logins30d: number;
}
