import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiKeyId } from '@postern/contracts';
import { BUILD } from '@postern/observe';
import { Presence, RelayContacts, type Relay } from '@postern/process';
import { asking, onDatabase, until, UserStory, type Ask } from '@postern/testing';
import { takeSnapshot } from '../testing/policy-snapshot-client.js';
import { PolicyStreamClient } from '../testing/policy-stream-client.js';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';

let world: World;
let first: RunningApp;
let second: RunningApp;
let operator: Ask;
let relayKey: string;
const clients: PolicyStreamClient[] = [];

const TIME = expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/);
const portOf = ({ url }: RunningApp) => Number(new URL(url).port);
const instanceOf = (app: RunningApp) => `${hostname()}:${portOf(app)}`;
const sql = (text: string, values: unknown[] = []) =>
  onDatabase(world.database.url, (owner) => owner.query(text, values));

beforeAll(async () => {
  world = await createWorld();
  [first, second] = [await world.start({ heartbeatMs: 100 }), await world.start({ heartbeatMs: 100 })];
  for (const app of [first, second]) app.app.get(Presence).start('projection-service', portOf(app), 50);
  operator = asking(first.url, await world.newKey('operator'));
  relayKey = await world.newKey('relay');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await sql('DELETE FROM access.relays');
});
afterAll(() => world.end());

async function connect(app: RunningApp, headers: Record<string, string>, from?: number): Promise<PolicyStreamClient> {
  const revision = from ?? (await takeSnapshot(app.url, relayKey)).revision;
  const client = await PolicyStreamClient.connect(app.url, relayKey, revision, '', headers);
  clients.push(client);
  return client;
}

type Holds = (items: { name: string; connected: boolean; [field: string]: unknown }[]) => boolean;
const listed = async () => (await operator('GET', '/v1/relays')).body.items;
const relays = (holds: Holds) => until(listed, 'the relays', holds);
/** As if so much time had passed since the last report of an open stream. */
const later = (seconds: number, holds: Holds) =>
  until(
    async () => {
      await sql(`UPDATE access.relays SET stream_seen_at = clock_timestamp() - $1 * interval '1 s'`, [seconds]);
      return listed();
    },
    `the relays ${seconds} s later`,
    holds,
  );

describe('the list of relays', () => {
  it('has each with where it is connected, its version and what it was sent, whichever instance is asked', async () => {
    const headers = {
      'user-agent': 'postern-relay-agent/0.1.0',
      'postern-relay': 'mx%C3%A9',
      'postern-denials-waiting': '7',
    };
    await connect(second, headers);
    await connect(first, { 'user-agent': '' });
    const current = (await takeSnapshot(first.url, relayKey)).revision;
    const items = await relays(({ length }) => length === 2);
    const keyId = relayKey.split('_')[2];
    const connected = { keyId, connected: true, connectedAt: TIME, lastContactAt: TIME, revision: current, behind: 0 };
    expect(items).toEqual(
      [
        // It sends no name: that of its key.
        { ...connected, name: 'relay', client: null, instance: instanceOf(first), denialsWaiting: null },
        {
          ...connected,
          name: 'mxé',
          client: 'postern-relay-agent/0.1.0',
          instance: instanceOf(second),
          denialsWaiting: 7,
        },
      ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });

  it('shows a relay that left as not connected and falling behind, and as connected again elsewhere', async () => {
    const mx1 = { 'postern-relay': 'mx1' };
    const client = await connect(first, mx1);
    const [before] = await relays(([relay]) => relay?.connected === true);
    client.close();
    await world.append(new UserStory().registered('later@acme.example').restricted('203.0.113.1').history);
    const isBehind: Holds = ([relay]) => relay?.connected === false && Number(relay['behind']) > 0;
    expect(await later(16, isBehind)).toEqual([
      { ...before, connected: false, lastContactAt: TIME, behind: expect.any(Number) },
    ]);
    await connect(second, mx1);
    const [again] = await relays(([relay]) => relay?.connected === true);
    expect(again).toMatchObject({ name: 'mx1', instance: instanceOf(second), behind: 0 });
  });

  it('has one whose instance was killed as not connected', async () => {
    await connect(first, { 'postern-relay': 'mx1' });
    await relays(([relay]) => relay?.connected === true);
    clients.splice(0).forEach((client) => client.close());
    expect(await later(16, ([relay]) => relay?.connected === false)).toMatchObject([{ name: 'mx1' }]);
    expect(await later(1, ([relay]) => relay?.connected === true)).toMatchObject([{ name: 'mx1' }]);
  });

  it('records what a relay says when it reports denials, and keeps what is known of its stream', async () => {
    await connect(first, { 'postern-relay': 'mx1', 'postern-denials-waiting': '0' });
    const [before] = await relays(([relay]) => relay?.connected === true);
    const keyId = relayKey.split('_')[2] as ApiKeyId;
    const reports = (relay: Relay) => second.app.get(RelayContacts).hasReported(relay);
    reports({ keyId, name: 'mx1', client: null, denialsWaiting: 12 });
    reports({ keyId, name: 'mx2', client: 'postern-relay-client', denialsWaiting: 3 });
    expect(await relays((items) => items.length === 2 && items[0]?.['denialsWaiting'] === 12)).toEqual([
      { ...before, lastContactAt: TIME, denialsWaiting: 12 },
      {
        keyId,
        name: 'mx2',
        client: 'postern-relay-client',
        instance: null,
        connectedAt: null,
        lastContactAt: TIME,
        connected: false,
        revision: null,
        behind: null,
        denialsWaiting: 3,
      },
    ]);
  });

  it('has one that changed its key once, and two of one name that are connected twice', async () => {
    const mx1 = { 'postern-relay': 'mx1' };
    const before = await connect(first, mx1);
    await relays(([relay]) => relay?.connected === true);
    const key = await world.newKey('relay');
    const { revision } = await takeSnapshot(second.url, key);
    clients.push(await PolicyStreamClient.connect(second.url, key, revision, '', mx1));
    const keyIds = (items: { [field: string]: unknown }[]) => items.map(({ keyId }) => keyId).sort();
    expect(keyIds(await relays(({ length }) => length === 2))).toEqual(
      [relayKey.split('_')[2], key.split('_')[2]].sort(),
    );
    before.close();
    expect(keyIds(await later(16, ({ length }) => length === 1))).toEqual([key.split('_')[2]]);
  });

  it('is in pages by name, and forgets who had no contact for a day', async () => {
    const add = (name: string, age: string) =>
      sql(
        `INSERT INTO access.relays (key_id, name, last_contact_at) VALUES ('k', $1, clock_timestamp() - $2::interval)`,
        [name, age],
      );
    for (const name of ['c', 'a', 'b']) await add(name, '23 hours');
    await add('gone', '25 hours');
    await relays((items) => items.every(({ name }) => name !== 'gone'));
    const names: string[] = [];
    for (let cursor = ''; cursor !== 'null';) {
      const { body } = await operator('GET', `/v1/relays?limit=2${cursor && `&cursor=${cursor}`}`);
      names.push(...body.items.map(({ name }: { name: string }) => name));
      cursor = String(body.nextCursor);
    }
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('is only for operators', async () => {
    const tenantId = await world.newTenant('acme');
    for (const path of ['/v1/relays', '/v1/system'])
      for (const role of ['relay', 'admin', 'auditor'] as const) {
        const key = await world.newKey(role, role === 'relay' ? undefined : tenantId);
        const { status, body } = await asking(first.url, key)('GET', path);
        expect([status, body.code]).toEqual([403, 'role-not-allowed']);
      }
  });
});

describe('the state of the system', () => {
  const processes = ['first', 'second'] as const;
  const system = async () => (await operator('GET', '/v1/system')).body;

  it('shows each process, services without a process, the database, the bus and the consumers', async () => {
    const { body } = await until(
      () => operator('GET', '/v1/system'),
      'both processes ready and caught up',
      ({ body }) =>
        body.services.filter(({ state }: { state: string }) => state === 'ready').length === processes.length &&
        body.consumers.every(({ state }: { state: string }) => state === 'caught-up'),
    );
    const unknown = { instance: null, version: null, commit: null, state: 'not-seen', missing: [], seenAt: null };
    const running = [first, second].map((app) => ({
      name: 'projection-service',
      instance: instanceOf(app),
      ...BUILD,
      state: 'ready',
      missing: [],
      seenAt: TIME,
    }));
    expect(body).toEqual({
      services: [
        ...running.sort((a, b) => (a.instance < b.instance ? -1 : 1)),
        { name: 'command-service', ...unknown },
        { name: 'audit-trail-service', ...unknown },
      ],
      database: {
        version: expect.stringMatching(/^18\b/),
        sizeBytes: expect.any(Number),
        connections: expect.any(Number),
        maxConnections: expect.any(Number),
      },
      bus: { kind: 'feed', brokers: [] },
      consumers: ['relay-policies', 'smtp-user-directory'].map((name) => ({
        name,
        lagEvents: 0,
        lagSeconds: 0,
        state: 'caught-up',
        reason: null,
      })),
    });
  });

  it('has a process that went silent as not seen, with its consumers, and shows the worst of several', async () => {
    const consumers = (state: string, lagEvents: number, reason: string | null) => [
      { name: 'audit-denials', lagEvents, lagSeconds: lagEvents / 10, state, reason },
    ];
    const add = (instance: string, seconds: number, report: object) =>
      sql(
        `INSERT INTO access.processes (service, instance, report, seen_at)
         VALUES ('audit-trail-service', $1, $2, clock_timestamp() - $3 * interval '1 s')`,
        [instance, JSON.stringify({ ...BUILD, missing: {}, ...report }), seconds],
      );
    const audit = async () => {
      const { services, consumers } = await system();
      return [
        services.filter(({ name }: { name: string }) => name === 'audit-trail-service').map(stateOf),
        consumers.filter(({ name }: { name: string }) => name === 'audit-denials'),
      ];
    };
    const stateOf = ({ instance, state, missing }: Record<string, unknown>) => ({ instance, state, missing });
    await add('a:1', 16, { consumers: consumers('halted', 5, 'No JSON.') });
    const silent = { instance: 'a:1', state: 'not-seen', missing: [] };
    const name = 'audit-denials';
    expect(await audit()).toEqual([
      [silent],
      [{ name, lagEvents: null, lagSeconds: null, state: 'not-seen', reason: null }],
    ]);
    const missing = { 'audit-denials': 'does not get on: No JSON.' };
    await add('b:1', 1, { missing, consumers: consumers('halted', 20, 'No JSON.') });
    await add('c:1', 1, { consumers: consumers('catching-up', 30, null) });
    expect(await audit()).toEqual([
      [
        silent,
        { instance: 'b:1', state: 'not-ready', missing: [{ name, why: 'does not get on: No JSON.' }] },
        { instance: 'c:1', state: 'ready', missing: [] },
      ],
      [{ name, lagEvents: 30, lagSeconds: 3, state: 'halted', reason: 'No JSON.' }],
    ]);
    await sql(`UPDATE access.processes SET seen_at = clock_timestamp() - interval '25 hours' WHERE instance = 'a:1'`);
    await until(audit, 'the silent one forgotten', ([services]) => services.length === 2);
    await sql(`DELETE FROM access.processes WHERE service = 'audit-trail-service'`);
  });

  it('no longer has a process that was stopped', async () => {
    const third = await world.start({ heartbeatMs: 100 });
    third.app.get(Presence).start('projection-service', portOf(third), 50);
    const has = async () =>
      (await system()).services.some(({ instance }: { instance: string }) => instance === instanceOf(third));
    await until(has, 'the third process', Boolean);
    await third.stop();
    expect(await has()).toBe(false);
  });
});
