import { UserStory, until, openClient } from '@postern/testing';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  digestToHex,
  EMPTY_DIGEST,
  policyDigest,
  usernameKey,
  xorDigest,
  type Heartbeat,
  type RelayPolicy,
} from '@postern/contracts';
import { takeSnapshot } from '../../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../../testing/policy-stream-client.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';

let world: World;
let first: RunningApp;
let second: RunningApp;
let key: string;
const clients: PolicyStreamClient[] = [];

beforeAll(async () => {
  world = await createWorld();
  key = await world.newKey('relay');
  first = await world.start({ heartbeatMs: 200 });
  second = await world.start({ heartbeatMs: 200 });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => world.end());

async function follow(
  from: number | string | null,
  app = first,
  withKey = key,
  query = '',
): Promise<PolicyStreamClient> {
  const client = await PolicyStreamClient.connect(app.url, withKey, from, query);
  clients.push(client);
  return client;
}

/** What a relay holds that took the snapshot and applied the events. */
class Relay {
  private readonly held = new Map<string, RelayPolicy>();
  constructor(snapshot: readonly RelayPolicy[]) {
    for (const policy of snapshot) this.apply(policy);
  }
  apply(policy: RelayPolicy): this {
    if (policy.removed) this.held.delete(usernameKey(policy.username));
    else this.held.set(usernameKey(policy.username), policy);
    return this;
  }
  get sum() {
    const policies = [...this.held.values()];
    return {
      policies: policies.length,
      digest: digestToHex(policies.map(policyDigest).reduce(xorDigest, EMPTY_DIGEST)),
    };
  }
}

/** How many streams ended by that reason, as the metrics have it. */
async function ended(reason: string): Promise<number> {
  const text = await (await fetch(`${first.url}/metrics`)).text();
  return Number(
    new RegExp(`^postern_relay_streams_ended_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

/** Of both lags: null where the journal was not measured in time, as on a busy machine. */
function expectHeartbeat({ lagEvents, lagSeconds, ...sent }: Heartbeat, expected: object) {
  expect(sent).toEqual(expected);
  for (const lag of [lagEvents, lagSeconds]) expect([lag, lag === null || lag >= 0]).toEqual([lag, true]);
}
const rising = (ids: readonly number[]) => ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? 0));

/** Several users at once, each through a few changes. */
async function concurrentWrites(users: number): Promise<UserStory[]> {
  const stories = Array.from({ length: users }, (_, i) =>
    new UserStory()
      .registered(`w${i}-${Math.random()}@acme.example`)
      .restricted('203.0.113.1')
      .mode('report-only')
      .restricted('2001:db8::/64'),
  );
  for (const [i, story] of stories.entries()) {
    if (i % 5 === 0) story.removed();
    if (i % 5 === 1) story.renamed(`r${i}-${Math.random()}@acme.example`);
  }
  await Promise.all(stories.map((story) => world.append(story.history)));
  return stories;
}

describe('the policy stream', () => {
  it('after a snapshot brings every change once, in order, under concurrent writes, on every process alike', async () => {
    const before = await takeSnapshot(first.url, key);
    const [a, b] = [await follow(before.revision), await follow(before.revision, second)];
    const writing = concurrentWrites(40);
    await new Promise((done) => setTimeout(done, 30));
    const middle = await takeSnapshot(second.url, key);
    const late = await follow(middle.revision);
    const stories = await writing;
    const last = Math.max(...stories.map((story) => story.history.length));
    expect(last).toBe(5);

    const complete = (client: PolicyStreamClient) =>
      stories.every((story) =>
        client.policies.some((p) => p.smtpUserId === story.smtpUserId && p.version === story.history.length),
      );
    await a.until(complete, 'every last version on the first process');
    await b.until(complete, 'every last version on the second process');
    const revision = Math.max(...a.ids);
    for (const client of [a, b, late]) {
      await client.until(
        (c) => c.heartbeats.some((heartbeat) => heartbeat.revision === revision),
        'the last heartbeat',
      );
      expect(rising(client.ids)).toBe(true);
      expect(client.policies.map((policy) => policy.revision)).toEqual(client.ids);
    }
    const truth = new Relay((await takeSnapshot(first.url, key)).policies).sum;
    for (const [client, from] of [
      [a, before],
      [b, before],
      [late, middle],
    ] as const) {
      const relay = new Relay(from.policies);
      for (const policy of client.policies) relay.apply(policy);
      expect(relay.sum).toEqual(truth);
    }
  });

  it('reports in each heartbeat exactly what was sent before it', async () => {
    const snapshot = await takeSnapshot(first.url, key);
    const client = await follow(snapshot.revision);
    await concurrentWrites(30);
    const { revision } = await takeSnapshot(first.url, key);
    await client.until((c) => c.heartbeats.some((heartbeat) => heartbeat.revision >= revision));
    const relay = new Relay(snapshot.policies);
    let applied = snapshot.revision;
    for (const event of client.events) {
      if (event.event === 'policy') {
        relay.apply(event.policy);
        applied = event.id;
      }
      if (event.event === 'heartbeat') expectHeartbeat(event.heartbeat, { revision: applied, ...relay.sum });
    }
  });

  it('reports in its heartbeats how far an open transaction keeps the policies behind the journal', async () => {
    const client = await follow(0);
    await client.until((c) => c.heartbeats.at(-1)?.lagEvents === 0, 'a heartbeat without a lag');
    const owner = await openClient(world.database.url);
    try {
      await owner.query('BEGIN');
      await owner.query('SELECT pg_current_xact_id()');
      await world.append(
        new UserStory().registered(`held-${Math.random()}@acme.example`).restricted('203.0.113.1').history,
      );
      await client.until((c) => c.heartbeats.at(-1)?.lagEvents === 2, 'a heartbeat with the lag');
      const seconds = client.heartbeats.at(-1)?.lagSeconds ?? 0;
      expect(seconds).toBeGreaterThan(0);
      await client.until((c) => (c.heartbeats.at(-1)?.lagSeconds ?? 0) > seconds, 'a lag that grows');
    } finally {
      await owner.end();
    }
    await client.until((c) => c.heartbeats.at(-1)?.lagEvents === 0, 'the end of the lag');
  });

  it('sends every reply that is not the default first, then each change; a relay that reconnects gets the current ones', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const byDefault = { text: 'IP not authorized', helpUrl: null, opaque: false };
    const own = { text: 'not from {ip}', helpUrl: 'https://acme.example/smtp', opaque: false };
    for (const tenant of ['one', 'two']) await world.newTenant(tenant);
    const early = await follow(revision);
    await early.until((c) => c.heartbeats.length > 0);
    expect(early.replies).toEqual([]);
    await world.setReply('one', own);
    // Only the changes of one tenant have an order: the second is made once the first has come.
    await early.until((c) => c.replies.length === 1, 'the first reply');
    await world.setReply('two', { ...own, opaque: true });
    const both = [
      { tenantId: 'one', ...own },
      { tenantId: 'two', ...own, opaque: true },
    ];
    await early.until((c) => c.replies.length === 2, 'both replies');
    expect(early.replies).toEqual(both);
    for (const app of [first, second]) {
      // The other process may read the last change a moment later.
      await until(async () => {
        const client = await (await follow(0, app)).until((c) => c.heartbeats.length > 0);
        client.close();
        return client.replies.length === 2;
      }, 'both replies in each process');
      const late = await (await follow(0, app)).until((c) => c.heartbeats.length > 0);
      expect(late.events.slice(0, 2)).toEqual(both.map((reply) => ({ event: 'reply', reply })));
      expect(late.replies).toHaveLength(2);
    }
    await world.setReply('two', byDefault);
    await early.until((c) => c.replies.length === 3, 'the default again');
    expect(early.replies[2]).toEqual({ tenantId: 'two', ...byDefault });
    const last = await (await follow(revision)).until((c) => c.heartbeats.length > 0);
    expect(last.replies).toEqual([both[0]]);
    await world.setReply('one', byDefault);
    for (const app of [first, second])
      await until(async () => {
        const client = await (await follow(revision, app)).until((c) => c.heartbeats.length > 0);
        return client.replies.length === 0;
      }, 'no reply in either process');
  });

  it('begins with a heartbeat where nothing was missed', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const client = await follow(revision);
    await client.until((c) => c.events.length > 0);
    expect(client.events[0]).toMatchObject({ event: 'heartbeat', heartbeat: { revision } });
    expect(client.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(client.response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('resumes from any revision, by header or query, with the latest state of what changed since', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const story = new UserStory().registered(`resumes-${revision}@acme.example`).restricted('203.0.113.1');
    await world.append(story.history);
    const client = await (await follow(revision)).until((c) => c.policies.some((policy) => policy.version === 2));
    const end = Math.max(...client.ids);
    for (const from of [0, 1, Math.floor(end / 2), end - 1]) {
      for (const resumed of [await follow(from), await follow(null, second, key, `?lastEventId=${from}`)]) {
        // The second process may have read the last change a moment later than the first.
        await resumed.until((c) => c.heartbeats.some((heartbeat) => heartbeat.revision === end), 'the last heartbeat');
        expect(resumed.ids.at(-1)).toBe(end);
        expect(resumed.ids.every((id) => id > from)).toBe(true);
      }
    }
    const whole = await (await follow(0)).until((c) => c.heartbeats.length > 0);
    const relay = new Relay([]);
    for (const policy of whole.policies) relay.apply(policy);
    expectHeartbeat(whole.heartbeats[0] as Heartbeat, { revision: end, ...relay.sum });
  });

  it('sends a removed user as a tombstone, and a renamed one as a tombstone and a policy', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const [gone, renamed] = [`gone-${revision}@acme.example`, `renamed-${revision}@acme.example`];
    const client = await follow(revision);
    const a = new UserStory().registered(gone).restricted('203.0.113.1').removed();
    const b = new UserStory().registered(renamed).restricted('203.0.113.2').renamed(`now-${renamed}`);
    await world.append([...a.history, ...b.history]);
    await client.until((c) => c.policies.some((policy) => policy.username === `now-${renamed}`));
    const last = (username: string) => client.policies.findLast((policy) => policy.username === username);
    expect(last(gone)).toMatchObject({ removed: true, version: 3, entries: [] });
    expect(last(renamed)).toMatchObject({ removed: true, version: 3, entries: [] });
    expect(last(`now-${renamed}`)).toMatchObject({
      removed: false,
      restricted: true,
      entries: [{ range: '203.0.113.2' }],
    });
    const usernames = (await takeSnapshot(first.url, key)).policies.map((policy) => policy.username);
    expect(usernames).toContain(`now-${renamed}`);
    expect(usernames).not.toContain(gone);
    expect(usernames).not.toContain(renamed);
  });

  it.each([
    ['ahead of the current revision', '900000000', 'revision-ahead'],
    ['malformed', 'abc', 'last-event-id-malformed'],
    ['negative', '-1', 'last-event-id-malformed'],
    ['beyond 2^53', '99999999999999999', 'last-event-id-malformed'],
    ['not named', null, 'last-event-id-missing'],
  ])('resets a relay whose revision is %s, and ends', async (_, from, reason) => {
    const client = await (await follow(from)).until((c) => c.ended, 'the end');
    expect(client.events).toEqual([{ event: 'reset', reason }]);
  });

  it('ends within one heartbeat of its key’s revocation, and no other relay’s', async () => {
    const revoked = await world.newKey('relay');
    const { revision } = await takeSnapshot(first.url, key);
    const [ends, stays] = [await follow(revision, first, revoked), await follow(revision)];
    await ends.until((c) => c.heartbeats.length > 0);
    await world.revoke(revoked);
    await ends.until((c) => c.ended, 'the end of the stream');
    expect(stays.ended).toBe(false);
    expect((await PolicyStreamClient.connect(first.url, revoked, revision)).response.status).toBe(401);
  });

  it('is only for relays', async () => {
    await world.newTenant('acme');
    for (const [role, tenant] of [['operator'], ['admin', 'acme'], ['auditor', 'acme']] as const) {
      const { response } = await PolicyStreamClient.connect(first.url, await world.newKey(role, tenant), 0);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'role-not-allowed' });
    }
    expect((await fetch(`${first.url}/v1/relay/policies/stream`)).status).toBe(401);
  });

  it('drops a relay that does not read, and continues for the others', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const socket = connect(Number(new URL(first.url).port), '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(
      `GET /v1/relay/policies/stream HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer ${key}\r\nLast-Event-ID: ${revision}\r\n\r\n`,
    );
    const reader = await follow(revision);
    await reader.until((c) => c.heartbeats.length > 0);
    const droppedAtFirst = await ended('too-slow');

    // A line of some 80 kB, sent again with each change, until the kernel's buffers are full, and then Node's.
    const story = new UserStory().registered(`heavy-${revision}@acme.example`).fullyRestricted();
    let changes = 0;
    while ((await ended('too-slow')) === droppedAtFirst && changes++ < 400) {
      story.mode(changes % 2 === 0 ? 'enforce' : 'report-only');
      await world.append(story.history.splice(0));
      // One after the other: changes that come faster than they are read are sent once.
      await reader.until((c) => c.policies.at(-1)?.version === changes + 2, 'the change');
    }
    expect(await ended('too-slow')).toBe(droppedAtFirst + 1);
    expect(reader.ended).toBe(false);
    const cutOff = once(socket, 'close');
    socket.resume();
    await cutOff;
  });

  it('ends in order when the process stops', async () => {
    const third = await world.start();
    const { revision } = await takeSnapshot(third.url, key);
    const client = await (await follow(revision, third)).until((c) => c.heartbeats.length > 0);
    await third.stop();
    await client.until((c) => c.ended, 'the end');
  });

  it('refuses more streams than it can serve, and says when to try again', async () => {
    const small = await world.start({ maxClients: 1 });
    const { revision } = await takeSnapshot(small.url, key);
    const one = await (await follow(revision, small)).until((c) => c.heartbeats.length > 0);
    const { response } = await follow(revision, small);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await response.json()).toMatchObject({ code: 'too-many-requests', status: 429 });
    one.close();
    await until(async () => (await follow(revision, small)).response.status === 200, 'a free place');
    await small.stop();
  });

  it('limits the streams of one API key, and leaves the rest to others', async () => {
    const shared = await world.start({ maxClients: 3, maxClientsPerKey: 1 });
    const { revision } = await takeSnapshot(shared.url, key);
    const one = await (await follow(revision, shared)).until((c) => c.heartbeats.length > 0);
    expect((await follow(revision, shared)).response.status).toBe(429);
    one.close();
    await until(async () => (await follow(revision, shared)).response.status === 200, 'a free place');
    await shared.stop();
  });

  it('stays open and beats while the database is gone; once it is back the stream goes on, and loses nothing', async () => {
    const { revision } = await takeSnapshot(first.url, key);
    const client = await follow(revision);
    await client.until((c) => c.heartbeats.length > 0);

    await database('gone');
    const before = client.heartbeats.length;
    await client.until((c) => c.heartbeats.length > before + 5, 'heartbeats without a database');
    expect(client.ended).toBe(false);
    expect(
      (await fetch(`${first.url}/v1/relay/policies`, { headers: { authorization: `Bearer ${key}` } })).status,
    ).toBeGreaterThanOrEqual(500);
    await database('back');

    const story = new UserStory().registered('after@acme.example').restricted('203.0.113.1');
    await until(
      () =>
        world.append(story.history.slice(0, 1)).then(
          () => true,
          () => false,
        ),
      'the first append',
    );
    await world.append(story.history.slice(1));
    await client.until((c) => c.policies.some((policy) => policy.version === 2), 'the change');
    await client.until((c) => c.heartbeats.at(-1)?.revision === client.ids.at(-1), 'a heartbeat that knows of it');
    await until(async () => (await fetch(`${first.url}/health/ready`)).status === 200, 'readiness');
  });
});

/** Ends every session on the world's database and lets none in, or lets them in again. */
async function database(state: 'gone' | 'back'): Promise<void> {
  const url = new URL(world.database.url);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const client = await openClient(url.toString());
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${state === 'back'}`);
  if (state === 'gone')
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  await client.end();
}
