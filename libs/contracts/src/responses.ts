/**
 * What the HTTP API answers with: the services build it, the command line reads it. The OpenAPI document is made from schemas that the
 * compiler checks against these types. Times are RFC 3339, UTC, milliseconds: two of them compare as text.
 */
import type { Role } from './api-key.js';
import type { DenialReason, Mode } from './decision.js';
import type { Actor, EventType } from './events.js';
import type { ApiKeyId, SessionId, SmtpUserId, TenantId } from './ids.js';

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`, to be sent back unchanged; null on the last page. */
  readonly nextCursor: string | null;
}

export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly createdAt: string;
}

/** An API key as lists show it: never its text. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly role: Role;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A new key with its text, which is shown this once. */
export type IssuedApiKey = Pick<ApiKey, 'id' | 'role' | 'name' | 'createdAt'> & { readonly key: string };

/** Who asks, and what they may open. */
export interface WhoAmI {
  readonly role: Role;
  /** Null where it belongs to no tenant. */
  readonly tenantId: TenantId | null;
  readonly keyId: ApiKeyId;
  readonly name: string;
  /** Null where the key itself was sent. */
  readonly session: Session | null;
}

/** A browser's session, which stands for the API key that it was begun with. */
export interface Session {
  readonly id: SessionId;
  /** Unless it is used before. */
  readonly expiresAt: string;
}

/** A link that signs a browser in, once. */
export interface SignInLink {
  /** A path of the dashboard, with the code in its fragment: `/sign-in#code=…`. */
  readonly url: string;
  readonly expiresAt: string;
}

/** The caller's source address. */
export interface MyIp {
  readonly ip: string;
  readonly family: 'IPv4' | 'IPv6';
}

/** How many SMTP users of a tenant are in each state; one may be in several. */
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

/** What of an SMTP user's denials is shown next to its name. */
export interface DenialSummary {
  readonly smtpUserId: SmtpUserId;
  readonly lastDeniedAt: string;
  readonly lastIp: string;
  /** Of the last five minutes; `ip` is the most frequent one, null where there is none. */
  readonly recent: DeniedLogins & { readonly ip: string | null };
  /** Of the current day. */
  readonly today: DeniedLogins;
  /** False where there are more denials than are counted: the numbers are then lower bounds. */
  readonly complete: boolean;
}

/** Logins. */
export interface DeniedLogins {
  readonly refused: number;
  /** Let through by `report-only`. */
  readonly wouldHaveBeenRefused: number;
}

/** Logins that were denied from `at` on, for one interval. */
export interface DenialBucket extends DeniedLogins {
  readonly at: string;
  /** Logins by the reason, only those that there were. */
  readonly reasons: Readonly<Partial<Record<DenialReason, number>>>;
}

export interface DenialHistogram {
  readonly interval: 'minute' | 'hour' | 'day';
  /** Every interval of the period, the oldest first, the empty ones too. */
  readonly items: readonly DenialBucket[];
  /** False where there are more denials than are counted: the oldest intervals are then too low. */
  readonly complete: boolean;
}

/** An SMTP user whose logins were refused in the last five minutes, and the numbers of these. */
export interface RefusingNow {
  readonly smtpUserId: SmtpUserId;
  readonly username: string;
  /** The most frequent one. */
  readonly ip: string;
  readonly addresses: number;
  /** Logins. */
  readonly refused: number;
  readonly since: string;
  readonly lastDeniedAt: string;
}

/** An address from which an SMTP user was denied. */
export interface DeniedIp {
  readonly ip: string;
  /** Logins. */
  readonly count: number;
  readonly firstDeniedAt: string;
  readonly lastDeniedAt: string;
  readonly relays: readonly string[];
  readonly reasons: readonly DenialReason[];
  /** Whether a login from there would be a denial now: refused, or let through and recorded by `report-only`. */
  readonly stillDenied: boolean;
  /** Whether it is a private address that was denied for several SMTP users: the operator's own proxy or NAT. */
  readonly looksLikeProxy: boolean;
  /** Empty where it is not denied any more, where it is no address, and where it looks like a proxy. */
  readonly suggestedEntries: readonly SuggestedEntry[];
}

/** An entry that would let a denied address in, and why it may be the right one. */
export interface SuggestedEntry {
  /** Canonical, as an entry's range. */
  readonly range: string;
  /** A sentence for whoever decides about it. */
  readonly why: string;
  /** How many addresses that were denied to this SMTP user the range covers. Counting ends at some bound. */
  readonly covers: number;
}

/** An address from which an SMTP user has logged in. Times are hours. */
export interface ObservedSource {
  readonly ip: string;
  readonly logins: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly relays: readonly string[];
}

/** What is not known of where an SMTP user logs in from. */
export interface KnownSince {
  /** Since when any relay has reported logins; null: none ever has. */
  readonly since: string | null;
  /** The first hundred, by name, of the relays that had contact within a day and do not report logins. */
  readonly silentRelays: readonly string[];
  /** Logins from addresses beyond those that are kept of a day. */
  readonly notKept: number;
}

/** Logins by day, and what today's restriction would decide about each. */
export interface SourceHistogram extends KnownSince {
  /** Every day (UTC) of the period, the oldest first. */
  readonly days: readonly { readonly day: string; readonly allowed: number; readonly refused: number }[];
}

/** A range that covers addresses from which an SMTP user has logged in. */
export interface SuggestedRange {
  /** Canonical, as an entry's. */
  readonly range: string;
  readonly logins: number;
  /** Of all logins: 0 to 1. */
  readonly share: number;
  /** Those that logged in. */
  readonly addresses: number;
  readonly why: string;
}

export interface Change {
  readonly eventId: string;
  readonly type: EventType;
  readonly occurredAt: string;
  readonly actor: Actor;
  readonly requestId: string;
  /** Null where it concerns no SMTP user. */
  readonly smtpUserId: SmtpUserId | null;
  /** The SMTP user's name after the change. */
  readonly username: string | null;
  readonly data: unknown;
  /** What it touched, as it was; null where nothing was there. */
  readonly before: object | null;
  /** And as it is since; null where it is gone. */
  readonly after: object | null;
  /** The version that the change made: of the SMTP user, or of what else it concerns. */
  readonly version: number;
}
