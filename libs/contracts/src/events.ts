import type { DenialReason, Mode } from './decision.js';
import type { ApiKeyId, EntryId, SmtpUserId, TenantId } from './ids.js';

export type Role = 'operator' | 'admin' | 'auditor' | 'relay';
export const ROLES: readonly Role[] = ['operator', 'admin', 'auditor', 'relay'];

/** Who made a change: the API key that was used, with the role and name that it had. */
export interface Actor {
  readonly role: Role;
  readonly keyId: ApiKeyId;
  readonly name: string;
}

/** One range of an allow list, as the event that added it records it. Times are RFC 3339, UTC, milliseconds. */
export interface EntryAdded {
  readonly id: EntryId;
  /** Canonical (RFC 5952 for IPv6); a single address has no prefix. */
  readonly range: string;
  /** What the caller sent. */
  readonly typed: string;
  readonly note: string | null;
  /** The name of the API key that added it. */
  readonly addedBy: string;
  readonly addedAt: string;
  readonly expiresAt: string | null;
}

/** An entry whose note or end changed. Its id, range, and who added it when, stay. Times are RFC 3339, UTC, milliseconds. */
export interface EntryChanged {
  readonly id: EntryId;
  readonly range: string;
  readonly note: string | null;
  readonly previousNote: string | null;
  readonly expiresAt: string | null;
  readonly previousExpiresAt: string | null;
}

/** An entry that was taken off; its range is repeated so that history reads without a look-up. */
export interface EntryRemoved {
  readonly id: EntryId;
  readonly range: string;
}

/** Streams `tenant/<tenantId>`. */
export type TenantEvent = Event<'TenantCreated', { readonly tenantId: TenantId; readonly name: string }>;

/** Streams `api-key/<keyId>`. Keys of the roles operator and relay belong to no tenant. */
export type ApiKeyEvent =
  | Event<
      'ApiKeyIssued',
      {
        readonly keyId: ApiKeyId;
        readonly tenantId: TenantId | null;
        readonly role: Role;
        readonly name: string;
        /** SHA-256 of the whole key, lower-case hex. In the journal alone: the feed leaves it out. */
        readonly secretHash?: string;
      }
    >
  | Event<'ApiKeyRevoked', { readonly keyId: ApiKeyId }>;

/** Streams `smtp-user/<smtpUserId>`. */
export type SmtpUserEvent =
  | Event<
      'SmtpUserRegistered',
      {
        readonly smtpUserId: SmtpUserId;
        readonly tenantId: TenantId;
        readonly username: string;
        readonly registeredAt: string;
      }
    >
  | Event<'SmtpUserRenamed', { readonly username: string; readonly previousUsername: string }>
  | Event<'SmtpUserRemoved', { readonly username: string }>
  | Event<'RestrictionAdded', { readonly entries: readonly EntryAdded[] }>
  | Event<'RestrictionEntriesChanged', { readonly entries: readonly EntryChanged[] }>
  | Event<'RestrictionRemoved', { readonly entries: readonly EntryRemoved[] }>
  | Event<'RestrictionCleared', Record<string, never>>
  | Event<'RestrictionModeChanged', { readonly mode: Mode; readonly previousMode: Mode }>;

/** Streams `auth-denials/<smtpUserId>`: apart from the SMTP user's own, so that loading a user stays cheap. */
export type AuthDenialEvent = Event<
  'AuthDenied',
  {
    /** Also the event's id: a denial that is sent twice is stored once. */
    readonly denialId: string;
    readonly smtpUserId: SmtpUserId;
    readonly username: string;
    /** Canonical address; for `source-ip-invalid` the text as the relay saw it. */
    readonly ip: string;
    /** By the relay's clock. */
    readonly occurredAt: string;
    readonly relay: string;
    readonly reason: DenialReason;
    readonly mode: Mode;
    /** False where `report-only` let it through. */
    readonly refused: boolean;
    /** Logins that this record stands for: a flood is folded. */
    readonly count: number;
  }
>;

export type DomainEvent = TenantEvent | ApiKeyEvent | SmtpUserEvent | AuthDenialEvent;
export type EventType = DomainEvent['type'];

export interface Event<Type extends string, Data> {
  readonly type: Type;
  readonly data: Data;
}

/** What every event says of its origin. */
export interface EventMetadata {
  readonly actor: Actor;
  /** The id of the HTTP request that caused it: `requestId` in the API. */
  readonly correlationId: string;
  /** The id of the event that caused it, where one did. */
  readonly causationId: string | null;
}

/** An event as the journal holds it, its data lifted to today's `schemaVersion`. */
export interface RecordedEvent<E extends DomainEvent = DomainEvent> {
  readonly position: number;
  readonly tenantId: TenantId | null;
  readonly streamId: string;
  /** 1 for the first event of a stream. */
  readonly version: number;
  /** UUIDv7. */
  readonly eventId: string;
  readonly type: E['type'];
  readonly schemaVersion: number;
  readonly data: E['data'];
  readonly metadata: EventMetadata;
  /** RFC 3339, UTC, milliseconds. */
  readonly recordedAt: string;
}

/** A union in which `type` tells `data`, for a switch over recorded events. */
export type Recorded<E extends DomainEvent = DomainEvent> = E extends DomainEvent
  ? Omit<RecordedEvent<E>, 'type' | 'data'> & { readonly type: E['type']; readonly data: E['data'] }
  : never;
