import {
  authDenialsStream,
  newId,
  smtpUserStream,
  type Actor,
  type ApiKeyId,
  type AuthDenialEvent,
  type EntryAdded,
  type EntryId,
  type EventMetadata,
  type Recorded,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantId,
} from '@postern/contracts';

/** For tests: what SMTP users did and suffered, written short. */

export const ACTOR: Actor = { role: 'admin', keyId: '0198c0de-0000-7000-8000-000000000001' as ApiKeyId, name: 'ci' };
export const METADATA: EventMetadata = { actor: ACTOR, correlationId: 'request-1', causationId: null };
const AT = '2026-11-20T08:00:00.000Z';

/** An entry of a restriction. */
export function entryOf(range: string, more: Partial<EntryAdded> = {}): EntryAdded {
  const rest = { typed: range, note: null, addedBy: ACTOR.name, addedAt: AT, expiresAt: null };
  return { id: newId<EntryId>(), range, ...rest, ...more };
}

/** An SMTP user of a tenant, whose methods make its events. */
export class Person {
  readonly smtpUserId = newId<SmtpUserId>();

  constructor(
    readonly username: string,
    readonly tenantId = 'acme' as TenantId,
    /** Who makes its events, and by which request. */
    readonly metadata = METADATA,
  ) {}

  get stream(): string {
    return smtpUserStream(this.smtpUserId);
  }

  registered(): SmtpUserEvent {
    const { smtpUserId, tenantId, username } = this;
    return { type: 'SmtpUserRegistered', data: { smtpUserId, tenantId, username, registeredAt: AT } };
  }
  renamed(username: string): SmtpUserEvent {
    return { type: 'SmtpUserRenamed', data: { username, previousUsername: this.username } };
  }
  removed(): SmtpUserEvent {
    return { type: 'SmtpUserRemoved', data: { username: this.username } };
  }
  allowed(...ranges: string[]): SmtpUserEvent {
    return this.added(...ranges.map((range) => entryOf(range)));
  }
  added(...entries: EntryAdded[]): SmtpUserEvent {
    return { type: 'RestrictionAdded', data: { entries } };
  }
  denied(ip: string, more: Partial<AuthDenialEvent['data']> = {}): AuthDenialEvent {
    const { smtpUserId, username } = this;
    const occurredAt = AT;
    const denialId = more.denialId ?? newId();
    const denied = { relay: 'mx1', reason: 'ip-not-authorized', mode: 'enforce', refused: true, count: 1 } as const;
    return { type: 'AuthDenied', data: { denialId, smtpUserId, username, ip, occurredAt, ...denied, ...more } };
  }
}

/** The envelope of an event, as the journal would record it. */
export function recorded<E extends AuthDenialEvent | SmtpUserEvent>(
  person: Person,
  event: E,
  position: number,
  version = position,
): Recorded<E> {
  const denial = event.type === 'AuthDenied';
  return {
    xid: '900',
    position,
    tenantId: person.tenantId,
    streamId: denial ? authDenialsStream(person.smtpUserId) : person.stream,
    version,
    eventId: denial ? event.data.denialId : newId(),
    schemaVersion: 1,
    metadata: METADATA,
    // Never before it occurred: that would say that the relay's clock is ahead.
    recordedAt: denial && event.data.occurredAt > AT ? event.data.occurredAt : AT,
    ...event,
  } as unknown as Recorded<E>;
}
