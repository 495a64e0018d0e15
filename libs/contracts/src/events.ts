import type { ApiKeyId, SessionId, TenantId } from './ids.js';
import type { z } from 'zod';
import type { Role } from './api-key.js';
import type { EVENT_DATA } from './schemas/event-data.js';
import type { Described } from './schemas/words.js';

export type EventType = keyof typeof EVENT_DATA;

type Newest<Versions> = Versions extends readonly [...unknown[], infer Last extends z.ZodType]
  ? Described<Last>
  : never;

/** The data of an event as it is written today. */
type DataOf<Type extends EventType> = Newest<(typeof EVENT_DATA)[Type]> &
  // SHA-256 of the complete key, lower-case hex. In the journal alone: what leaves it has none.
  (Type extends 'ApiKeyIssued' ? { readonly secretHash?: string } : unknown);

/** A union in which `type` decides `data`. */
type EventOf<Type extends EventType> = Type extends EventType
  ? { readonly type: Type; readonly data: DataOf<Type> }
  : never;

/** Streams `tenant/<tenantId>`. */
export type TenantEvent = EventOf<'TenantCreated' | 'TenantReplySet'>;

/** Streams `api-key/<keyId>`. Keys of the roles operator and relay belong to no tenant. */
export type ApiKeyEvent = EventOf<'ApiKeyIssued' | 'ApiKeyRevoked'>;

/** Streams `smtp-user/<smtpUserId>`. */
export type SmtpUserEvent = EventOf<
  | 'SmtpUserRegistered'
  | 'SmtpUserRenamed'
  | 'SmtpUserRemoved'
  | 'RestrictionAdded'
  | 'RestrictionEntriesChanged'
  | 'RestrictionRemoved'
  | 'RestrictionCleared'
  | 'RestrictionModeChanged'
>;

/** Streams `auth-denials/<smtpUserId>`: apart from the SMTP user's own, so that loading a user stays cheap. */
export type AuthDenialEvent = EventOf<'AuthDenied'>;

export type DomainEvent = TenantEvent | ApiKeyEvent | SmtpUserEvent | AuthDenialEvent;

export type EntryAdded = DataOf<'RestrictionAdded'>['entries'][number];
export type EntryChanged = DataOf<'RestrictionEntriesChanged'>['entries'][number];
export type EntryRemoved = DataOf<'RestrictionRemoved'>['entries'][number];

/** Who made a change: the API key that was used, with the role and name that it had. */
export interface Actor {
  readonly role: Role;
  readonly keyId: ApiKeyId;
  readonly name: string;
  /** Where the key was used through a session of a browser. */
  readonly sessionId?: SessionId;
}

/** The origin of an event. */
export interface EventMetadata {
  readonly actor: Actor;
  /** The id of the HTTP request that caused it: `requestId` in the API. */
  readonly correlationId: string;
  /** The id of the event that caused it, where one did. */
  readonly causationId: string | null;
}

/** An event of the journal, its data lifted to today's `schemaVersion`: a union in which `type` decides `data`. */
export type Recorded<E extends DomainEvent = DomainEvent> = E extends DomainEvent
  ? E & {
      readonly position: number;
      readonly tenantId: TenantId | null;
      readonly streamId: string;
      /** 1 for the first event of a stream. */
      readonly version: number;
      /** UUIDv7. */
      readonly eventId: string;
      readonly schemaVersion: number;
      readonly metadata: EventMetadata;
      /** RFC 3339, UTC, milliseconds. */
      readonly recordedAt: string;
    }
  : never;

/** The event as it may leave the journal, without what an API key could be found by. Nothing else is secret. */
export function withoutSecrets(event: Recorded): Recorded {
  if (event.type !== 'ApiKeyIssued') return event;
  const { secretHash: _, ...data } = event.data;
  return { ...event, data };
}
