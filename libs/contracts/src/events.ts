import type { ApiKeyId, SessionId, TenantId } from './ids.js';
import type { z } from 'zod';
import type { Role } from './api-key.js';
import type { EVENT_DATA } from './schemas/event-data.js';
import type { Described } from './schemas/words.js';
import type { EVENT_TYPES_OF_TOPIC, EventType, TOPICS } from './topics.js';

type Newest<Versions> = Versions extends readonly [...unknown[], infer Last extends z.ZodType]
  ? Described<Last>
  : never;

type DataOf<Type extends EventType> = Newest<(typeof EVENT_DATA)[Type]> &
  // SHA-256 of the complete key, lower-case hex. Only in the journal; it never leaves it.
  (Type extends 'ApiKeyIssued' ? { readonly secretHash?: string } : unknown);

type EventOf<Type extends EventType> = Type extends EventType
  ? { readonly type: Type; readonly data: DataOf<Type> }
  : never;

export type TenantEvent = EventOf<'TenantCreated' | 'TenantReplySet'>;

/** Streams `api-key/<keyId>`. Keys of the roles operator and relay belong to no tenant. */
export type ApiKeyEvent = EventOf<'ApiKeyIssued' | 'ApiKeyRevoked'>;

export type SmtpUserEvent = EventOf<(typeof EVENT_TYPES_OF_TOPIC)[typeof TOPICS.smtpUsers][number]>;

/** Streams `auth-denials/<smtpUserId>`, separate from the SMTP user's, so that loading a user stays cheap. */
export type AuthDenialEvent = EventOf<'AuthDenied'>;

export type DomainEvent = EventOf<EventType>;

export type EntryAdded = DataOf<'RestrictionAdded'>['entries'][number];
export type EntryChanged = DataOf<'RestrictionEntriesChanged'>['entries'][number];
export type EntryRemoved = DataOf<'RestrictionRemoved'>['entries'][number];

/** Who made a change: the API key, with its role and name at that time. */
export interface Actor {
  readonly role: Role;
  readonly keyId: ApiKeyId;
  readonly name: string;
  readonly sessionId?: SessionId;
}

export interface EventMetadata {
  readonly actor: Actor;
  /** The id of the HTTP request that caused it: `requestId` in the API. */
  readonly correlationId: string;
  readonly causationId: string | null;
}

/** An event of the journal, with data of the newest `schemaVersion`. */
export type Recorded<E extends DomainEvent = DomainEvent> = E extends DomainEvent
  ? E & {
      /** Its transaction, `xid8` as text: 64 bits unsigned. With `position`, the event's position in the feed. */
      readonly xid: string;
      readonly position: number;
      readonly tenantId: TenantId | null;
      readonly streamId: string;
      readonly version: number;
      /** UUIDv7. */
      readonly eventId: string;
      readonly schemaVersion: number;
      readonly metadata: EventMetadata;
      /** RFC 3339, UTC, milliseconds. */
      readonly recordedAt: string;
    }
  : never;

/** The event without an API key's hash, to leave the journal. Nothing else is secret. */
export function withoutSecrets(event: Recorded): Recorded {
  if (event.type !== 'ApiKeyIssued') return event;
  const { secretHash: _, ...data } = event.data;
  return { ...event, data };
}
