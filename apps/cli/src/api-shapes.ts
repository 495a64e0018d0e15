import type { Actor, DecisionKind, DenialReason, Mode, ReasonCode, Role } from '@postern/contracts';
import type { Entry } from '@postern/restrictions';

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`; null on the last page. */
  readonly nextCursor: string | null;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

export interface ApiKey {
  readonly id: string;
  readonly role: Role;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

export interface CheckedAddress {
  readonly ip: string;
  readonly at: string;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly mode: Mode;
  readonly matched: Entry | null;
  readonly version: number;
}

export interface Denial {
  readonly id: string;
  /** RFC 3339, UTC, milliseconds: two of them compare as text. */
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly smtpUserId: string;
  readonly username: string;
  readonly ip: string;
  readonly relay: string;
  readonly reason: DenialReason;
  readonly mode: Mode;
  readonly refused: boolean;
  readonly count: number;
}

export interface DeniedIp {
  readonly ip: string;
  readonly count: number;
  readonly firstDeniedAt: string;
  readonly lastDeniedAt: string;
  readonly relays: readonly string[];
  readonly reasons: readonly string[];
  readonly stillDenied: boolean;
  readonly looksLikeProxy: boolean;
  readonly suggestedEntries: readonly { readonly range: string; readonly why: string; readonly covers: number }[];
}

export interface Change {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly actor: Actor;
  readonly requestId: string;
  readonly smtpUserId: string | null;
  readonly username: string | null;
  readonly data: unknown;
  readonly version: number;
}

/** What an API key opens; null where it belongs to no tenant. */
export interface WhoAmI {
  readonly role: ApiKey['role'];
  readonly tenantId: string | null;
  readonly keyId: string;
  readonly name: string;
}
