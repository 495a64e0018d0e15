import {
  newId,
  smtpUserStream,
  usernameKey,
  type Actor,
  type ApiKeyId,
  type EntryId,
  type EventMetadata,
  type Recorded,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantId,
  type UsernameKey,
} from '@postern/contracts';

/** For tests: what SMTP users did, as the journal would record it. */

const ACTOR: Actor = { role: 'admin', keyId: 'test-key' as ApiKeyId, name: 'test' };
export const METADATA: EventMetadata = { actor: ACTOR, correlationId: 'test', causationId: null };
const AT = '2026-01-01T00:00:00.000Z';

/** An event without the envelope, with whose it is. */
export interface Happened {
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  readonly event: SmtpUserEvent;
}

/** Gives the envelope, as if all had been appended in this order. */
export function recorded(history: readonly Happened[], firstPosition = 1): Recorded<SmtpUserEvent>[] {
  const versions = new Map<string, number>();
  return history.map(({ smtpUserId, tenantId, event }, i) => {
    const version = (versions.get(smtpUserId) ?? 0) + 1;
    versions.set(smtpUserId, version);
    return {
      position: firstPosition + i,
      tenantId,
      streamId: smtpUserStream(smtpUserId),
      version,
      eventId: newId(),
      schemaVersion: 1,
      metadata: METADATA,
      recordedAt: AT,
      ...event,
    } as Recorded<SmtpUserEvent>;
  });
}

/** One user's doings, written short: `user('acme').registered('app').restricted('203.0.113.1').history`. */
export class UserStory {
  readonly history: Happened[] = [];
  private username = '';
  readonly entryIds: EntryId[] = [];
  private lastRange = '203.0.113.1';

  constructor(
    readonly tenantId = 'acme' as TenantId,
    readonly smtpUserId = newId<SmtpUserId>(),
  ) {}

  registered(username: string): this {
    this.username = username;
    const { smtpUserId, tenantId } = this;
    return this.did({ type: 'SmtpUserRegistered', data: { smtpUserId, tenantId, username, registeredAt: AT } });
  }
  renamed(username: string): this {
    const previousUsername = this.username;
    this.username = username;
    return this.did({ type: 'SmtpUserRenamed', data: { username, previousUsername } });
  }
  removed(): this {
    return this.did({ type: 'SmtpUserRemoved', data: { username: this.username } });
  }
  restricted(range: string, expiresAt: string | null = null): this {
    const id = newId<EntryId>();
    this.entryIds.push(id);
    this.lastRange = range;
    const entry = { id, range, typed: range, note: null, addedBy: ACTOR.name, addedAt: AT, expiresAt };
    return this.did({ type: 'RestrictionAdded', data: { entries: [entry] } });
  }
  /** The last entry gets another end. */
  changed(expiresAt: string | null): this {
    const id = this.entryIds.at(-1) ?? newId<EntryId>();
    const entry = { id, range: this.lastRange, note: null, previousNote: null, expiresAt, previousExpiresAt: null };
    return this.did({ type: 'RestrictionEntriesChanged', data: { entries: [entry] } });
  }
  /** Up to a thousand entries, a line of some 80 kB. */
  fullyRestricted(): this {
    const entries = Array.from({ length: 999 }, (_, i) => {
      const range = `2001:db8:${i.toString(16)}::/64`;
      const id = newId<EntryId>();
      return {
        id,
        range,
        typed: range,
        note: null,
        addedBy: ACTOR.name,
        addedAt: AT,
        expiresAt: '2099-01-01T00:00:00.000Z',
      };
    });
    return this.did({ type: 'RestrictionAdded', data: { entries } });
  }
  cleared(): this {
    return this.did({ type: 'RestrictionCleared', data: {} });
  }
  mode(mode: 'enforce' | 'report-only', enforceAt: string | null = null): this {
    const previousMode = mode === 'enforce' ? 'report-only' : 'enforce';
    return this.did({
      type: 'RestrictionModeChanged',
      data: { mode, previousMode, enforceAt, previousEnforceAt: null },
    });
  }
  did(event: SmtpUserEvent): this {
    this.history.push({ smtpUserId: this.smtpUserId, tenantId: this.tenantId, event });
    return this;
  }
}

/** A step of a random history: small numbers for who and what, a username. */
export interface Step {
  readonly who: number;
  readonly what: number;
  readonly name: string;
}

/** A history in which few users compete for few usernames, each owned by one at a time. Impossible steps are left out. */
export function historyOf(steps: readonly Step[]): Happened[] {
  const users = new Map<number, UserStory>();
  const held = new Map<UsernameKey, UserStory>();
  const history: Happened[] = [];
  for (const { who, what, name } of steps) {
    const user = users.get(who);
    const owner = held.get(usernameKey(name));
    const takes = !user || what === 1;
    const time = `2099-01-01T00:00:00.${String(history.length % 1_000).padStart(3, '0')}Z`;
    if (takes && owner && owner !== user) continue;
    const now = user ?? new UserStory();
    if (takes || what === 0) for (const [key, other] of held) if (other === now) held.delete(key);
    if (takes) held.set(usernameKey(name), now);
    if (!user) users.set(who, now.registered(name));
    else if (what === 0) {
      users.delete(who);
      now.removed();
    } else if (what === 1) now.renamed(name);
    else if (what === 2) now.cleared();
    else if (what === 3) now.mode('report-only', history.length % 2 === 0 ? null : time);
    else if (what === 4) now.changed(time);
    // A list has each range once.
    else now.restricted(`10.0.${history.length >> 8}.${history.length % 256}`);
    history.push(...now.history.slice(-1));
  }
  return history;
}

/** The events in another order that keeps each user's own order, as a partitioned bus delivers them. */
export function shuffledByUser<E extends Recorded>(events: readonly E[], random: readonly number[]): E[] {
  const queues = Map.groupBy(events, (event) => event.streamId);
  const shuffled: E[] = [];
  for (let i = 0; queues.size > 0; i++) {
    const keys = [...queues.keys()];
    const key = keys[(random[i % random.length] ?? 0) % keys.length] ?? '';
    const queue = queues.get(key) ?? [];
    const next = queue.shift();
    if (next) shuffled.push(next);
    if (queue.length === 0) queues.delete(key);
  }
  return shuffled;
}
