/** Answers of the HTTP API. The compiler checks the OpenAPI schemas against these types. Times compare as text. */
import type { Role } from './api-key.js';
import type { DenialReason, Mode, ReasonCode } from './decision.js';
import type { Actor, EventType } from './events.js';
import type { ApiKeyId, SessionId, SmtpUserId, TenantId } from './ids.js';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`, unchanged; null on the last page. */
  readonly nextCursor: string | null;
}

export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly createdAt: string;
}

export interface ApiKey {
  readonly id: ApiKeyId;
  readonly role: Role;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A new key with its text, which is shown only this once. */
export type IssuedApiKey = Pick<ApiKey, 'id' | 'role' | 'name' | 'createdAt'> & { readonly key: string };

export interface WhoAmI {
  readonly role: Role;
  readonly tenantId: TenantId | null;
  readonly keyId: ApiKeyId;
  readonly name: string;
  /** Null if the key itself was sent. */
  readonly session: Session | null;
}

/** A browser's session, which belongs to the API key that started it. */
export interface Session {
  readonly id: SessionId;
  readonly expiresAt: string;
}

export interface SignInLink {
  /** A path of the dashboard with the code in its fragment: `/sign-in#code=…`. */
  readonly url: string;
  readonly expiresAt: string;
}

export interface MyIp {
  readonly ip: string;
  readonly family: 'IPv4' | 'IPv6';
}

/** How many SMTP users of a tenant are in each state; a user may be in several. */
export interface SmtpUserCounts {
  readonly all: number;
  readonly restricted: number;
  readonly reportOnly: number;
  readonly expiring: number;
  readonly expired: number;
}

export interface Denial {
  readonly id: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly tenantId: TenantId;
  readonly smtpUserId: SmtpUserId;
  readonly username: string;
  readonly ip: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  readonly refused: boolean;
  readonly count: number;
}

export interface DenialSummary {
  readonly smtpUserId: SmtpUserId;
  readonly lastDeniedAt: string;
  readonly lastIp: string;
  /** Of the last five minutes. `ip` is the most frequent address; null if there is none. */
  readonly recent: DeniedLogins & { readonly ip: string | null };
  readonly today: DeniedLogins;
  /** False: more denials than are counted, so the numbers are lower bounds. */
  readonly complete: boolean;
}

/** Logins. */
export interface DeniedLogins {
  readonly refused: number;
  /** Allowed by `report-only`. */
  readonly wouldHaveBeenRefused: number;
}

export interface DenialBucket extends DeniedLogins {
  readonly at: string;
  /** Logins by reason, without zeros. */
  readonly reasons: Readonly<Partial<Record<DenialReason, number>>>;
}

export interface DenialHistogram {
  readonly interval: 'minute' | 'hour' | 'day';
  /** Every interval of the period, oldest first, also empty ones. */
  readonly items: readonly DenialBucket[];
  /** False: more denials than are counted, so the oldest intervals are too low. */
  readonly complete: boolean;
}

export interface RefusingNow {
  readonly smtpUserId: SmtpUserId;
  readonly username: string;
  readonly ip: string;
  readonly addresses: number;
  /** Logins. */
  readonly refused: number;
  readonly since: string;
  readonly lastDeniedAt: string;
}

export interface DeniedIp {
  readonly ip: string;
  /** Logins. */
  readonly count: number;
  readonly firstDeniedAt: string;
  readonly lastDeniedAt: string;
  readonly relays: readonly string[];
  readonly reasons: readonly DenialReason[];
  /** Whether a login from there would be a denial now, also a would-be one in report-only. */
  readonly stillDenied: boolean;
  /** A private address that was denied for several SMTP users: probably the operator's proxy or NAT. */
  readonly looksLikeProxy: boolean;
  /** Empty if it is not denied any more, is not an address, or looks like a proxy. */
  readonly suggestedEntries: readonly SuggestedEntry[];
}

/** An entry that would allow a denied address, and why it may be right. */
export interface SuggestedEntry {
  /** Canonical, as in an entry. */
  readonly range: string;
  /** A sentence for the person who decides. */
  readonly why: string;
  /** Denied addresses of this SMTP user in the range, counted up to a limit. */
  readonly covers: number;
}

export interface ReportedLogins {
  readonly accepted: number;
  readonly duplicate: boolean;
  readonly rejected: number;
}

/** An address from which an SMTP user has logged in. Times are hours. */
export interface ObservedSource {
  readonly ip: string;
  readonly logins: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly relays: readonly string[];
}

/** What is not known about the logins of an SMTP user. */
export interface LoginCoverage {
  /** Since when any relay has reported logins; null: none ever has. */
  readonly since: string | null;
  /** Relays that had contact within a day but do not report logins, by name; at most 100. */
  readonly silentRelays: readonly string[];
  /** Logins whose address was not kept, because the day had too many. */
  readonly notKept: number;
}

export interface SourceHistogram extends LoginCoverage {
  /** Every day (UTC) of the period, the oldest first. */
  readonly days: readonly { readonly day: string; readonly allowed: number; readonly refused: number }[];
}

export interface SuggestedRange {
  /** Canonical, as an entry's. */
  readonly range: string;
  readonly logins: number;
  /** Of all logins: 0 to 1. */
  readonly share: number;
  readonly addresses: number;
  readonly why: string;
}

export interface SuggestedRestriction extends LoginCoverage {
  readonly ranges: readonly SuggestedRange[];
  /** The latest first, up to some number. */
  readonly left: readonly Pick<ObservedSource, 'ip' | 'logins'>[];
  readonly leftAddresses: number;
  readonly leftLogins: number;
  readonly logins: number;
}

export interface RestrictionPreview extends LoginCoverage {
  readonly logins: number;
  readonly refused: number;
  readonly refusedAddresses: number;
  /** Of those, the latest first, up to some number. */
  readonly addresses: readonly (Pick<ObservedSource, 'ip' | 'logins' | 'lastSeenAt'> & {
    readonly reason: ReasonCode;
  })[];
  readonly version: number;
}

export interface Change {
  readonly eventId: string;
  readonly type: EventType;
  readonly occurredAt: string;
  readonly actor: Actor;
  readonly requestId: string;
  /** Null if it concerns no SMTP user. */
  readonly smtpUserId: SmtpUserId | null;
  /** The SMTP user's name after the change. */
  readonly username: string | null;
  readonly data: unknown;
  /** What the change touched. Null before it: it did not exist; null after it: it was removed. */
  readonly before: object | null;
  readonly after: object | null;
  /** The new version of the SMTP user, or of what else was changed. */
  readonly version: number;
}
