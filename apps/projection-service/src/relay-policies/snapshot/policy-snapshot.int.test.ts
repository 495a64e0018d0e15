import { once } from 'node:events';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestToHex, EMPTY_DIGEST, policyDigest, xorDigest, type RelayPolicy } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { takeSnapshot, until } from '../../testing/policy-snapshot-client.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';
import { recorded, UserStory } from '../../testing/smtp-user-histories.js';
import { applyPolicies } from '../project/apply-policies.js';
import { SNAPSHOTS_AT_ONCE } from './policy-snapshots.js';

/** Some of them with full lists: 30 MB in all, more than the kernel's buffers take from a reader that stands still. */
const USERS = 5_000;
const WITH_FULL_LISTS = 300;
let world: World;
let service: RunningApp;
let key: string;
let watcher: DataSource;
beforeAll(async () => {
  world = await createWorld();
  key = await world.newKey('relay');
  const writer = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  const stories = Array.from({ length: USERS }, (_, i) => {
    const story = new UserStory().registered(`user-${i}@acme.example`).restricted('2001:db8::/64');
    return i < WITH_FULL_LISTS ? story.fullyRestricted() : story;
  });
  stories[0]?.removed();
  const events = recorded(stories.flatMap((story) => story.history));
  for (let i = 0; i < events.length; i += 1_000)
    await writer.transaction((m) => applyPolicies(m, events.slice(i, i + 1_000)));
  await writer.destroy();
  watcher = await openDataSource(world.database.url, 'postern_relay_reader', { poolSize: 1 });
  service = await world.start({ stalledMs: 3_000 });
});
afterAll(async () => {
  await watcher.destroy();
  await world.end();
});

const auth = () => ({ authorization: `Bearer ${key}` });

/** A request whose answer is not read. */
function askWithoutReading(url = service.url, withKey = key) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write(`GET /v1/relay/policies HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer ${withKey}\r\n\r\n`);
  return socket;
}

/** Snapshots that are not over, whether or not a query of theirs is running. */
async function openSnapshots(): Promise<number> {
  const [row] = await watcher.query<{ open: number }[]>(
    `SELECT count(*)::integer AS open FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'postern_relay_reader' AND query LIKE 'FETCH%' AND state <> 'idle'`,
  );
  return row?.open ?? 0;
}

async function openTransactions(): Promise<number> {
  const [row] = await watcher.query<{ open: number }[]>(
    `SELECT count(*)::integer AS open FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'postern_relay_reader' AND state LIKE 'idle in%'`,
  );
  return row?.open ?? 0;
}

describe('the snapshot of the relay policies', () => {
  it('holds every policy that is not removed, and says its revision, their number and their digest', async () => {
    const { response, policies } = await takeSnapshot(service.url, key);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(policies.length).toBe(USERS - 1);
    expect(new Set(policies.map((policy) => policy.username)).size).toBe(USERS - 1);
    expect(policies.some((policy) => policy.removed)).toBe(false);
    const [last] = policies.toSorted((a, b) => b.revision - a.revision);
    expect(response.headers.get('postern-revision')).toBe(String(last?.revision));
    expect(response.headers.get('postern-policies')).toBe(String(USERS - 1));
    const digest = policies.map(policyDigest).reduce(xorDigest, EMPTY_DIGEST);
    expect(response.headers.get('postern-digest')).toBe(digestToHex(digest));
  });

  it('is compressed for who takes gzip, and for nobody else', async () => {
    const { app } = service;
    const plain = await app.inject({ url: '/v1/relay/policies', headers: auth() });
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const accepted of ['gzip', 'br, gzip;q=0.5', '*']) {
      const answer = await app.inject({
        url: '/v1/relay/policies',
        headers: { ...auth(), 'accept-encoding': accepted },
      });
      expect(answer.headers['content-encoding']).toBe('gzip');
      expect(answer.rawPayload.length).toBeLessThan(plain.rawPayload.length / 3);
      const lines = gunzipSync(answer.rawPayload).toString().trimEnd().split('\n');
      expect(lines.length).toBe(USERS - 1);
      expect(JSON.parse(lines[0] ?? '') as RelayPolicy).toMatchObject({ restricted: true, removed: false });
    }
    for (const refused of ['gzip;q=0', 'identity', 'br']) {
      const answer = await app.inject({
        url: '/v1/relay/policies',
        headers: { ...auth(), 'accept-encoding': refused },
      });
      expect(answer.headers['content-encoding']).toBeUndefined();
    }
  });

  it('drops readers that stand still, and gives their places to those that wait', async () => {
    const stalled = Array.from({ length: SNAPSHOTS_AT_ONCE }, () => askWithoutReading());
    await until(async () => (await openTransactions()) === SNAPSHOTS_AT_ONCE, 'the start of every snapshot');
    const { policies } = await takeSnapshot(service.url, key);
    expect(policies.length).toBe(USERS - 1);
    for (const socket of stalled) {
      const closed = once(socket, 'close');
      socket.resume();
      await closed;
    }
  });

  it('leaves no transaction open when its reader goes away', async () => {
    const leaving = Array.from({ length: SNAPSHOTS_AT_ONCE * 3 }, () => askWithoutReading());
    await until(async () => (await openTransactions()) === SNAPSHOTS_AT_ONCE, 'the start of the first snapshots');
    for (const socket of leaving) socket.destroy();
    await until(async () => (await openTransactions()) === 0, 'the end of every transaction');
    expect((await takeSnapshot(service.url, key)).policies.length).toBe(USERS - 1);
  });

  it.each(['stands still', 'is slow'])('is cut off when its key is revoked while its reader %s', async (how) => {
    const patient = await world.start({ stalledMs: 60_000 });
    const revoked = await world.newKey('relay');
    const socket = askWithoutReading(patient.url, revoked);
    const closed = new Promise((done) => socket.once('close', done));
    await until(async () => (await openSnapshots()) === 1, 'the start of the snapshot');
    const reading = how === 'is slow' ? setInterval(() => socket.read(1_000), 50) : undefined;
    await world.revoke(revoked);
    await until(async () => (await openSnapshots()) === 0, 'the end of the snapshot');
    clearInterval(reading);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).resume();
    await closed;
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
    expect((await takeSnapshot(patient.url, key)).policies.length).toBe(USERS - 1);
    await patient.stop();
  });

  it('answers HEAD with the headers alone', async () => {
    const answer = await service.app.inject({ method: 'HEAD', url: '/v1/relay/policies', headers: auth() });
    expect([answer.statusCode, answer.payload, Number(answer.headers['postern-policies'])]).toEqual([
      200,
      '',
      USERS - 1,
    ]);
  });

  it('is for relays alone', async () => {
    const operator = await world.newKey('operator');
    const headers = { authorization: `Bearer ${operator}` };
    const answer = await service.app.inject({ url: '/v1/relay/policies', headers });
    expect([answer.statusCode, answer.json()]).toMatchObject([403, { code: 'role-not-allowed' }]);
  });
});
