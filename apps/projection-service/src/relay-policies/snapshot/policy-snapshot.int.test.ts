import { connect, type Socket } from 'node:net';
import { recorded, UserStory, until } from '@postern/testing';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestToHex, EMPTY_DIGEST, policyDigest, xorDigest, type RelayPolicy } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { snapshotBuilds, snapshotsOpen, snapshotsTotal } from '../../consumers/projection-metrics.js';
import { takeSnapshot } from '../../testing/policy-snapshot-client.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';
import { applyPolicies } from '../project/apply-policies.js';

/** Some of them with full lists: 15 MB in all, more than the kernel's buffers take from a reader that does not read. */
const USERS = 3_000;
const WITH_FULL_LISTS = 150;
let world: World;
let service: RunningApp;
let key: string;
let writer: DataSource;
const stories = Array.from({ length: USERS }, (_, i) => {
  const story = new UserStory().registered(`user-${i}@acme.example`).restricted('2001:db8::/64');
  return i < WITH_FULL_LISTS ? story.fullyRestricted() : story;
});
stories[0]?.removed();
/** How many events of each user were applied. */
const applied = new Map<UserStory, number>();
beforeAll(async () => {
  world = await createWorld();
  key = await world.newKey('relay');
  writer = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  await apply(stories);
  service = await world.start();
});
afterAll(async () => {
  await writer.destroy();
  await world.end();
});

/** Applies what the users did since the last time, one after the other. */
async function apply(users: readonly UserStory[]): Promise<void> {
  const events = users.flatMap((user) => {
    const done = applied.get(user) ?? 0;
    applied.set(user, user.history.length);
    return recorded(user.history, (positions += user.history.length)).slice(done);
  });
  for (let i = 0; i < events.length; i += 1_000)
    await writer.transaction((m) => applyPolicies(m, events.slice(i, i + 1_000)));
}
let positions = 1;

const auth = () => ({ authorization: `Bearer ${key}` });

function askWithoutReading(url = service.url, withKey = key) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write(`GET /v1/relay/policies HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer ${withKey}\r\n\r\n`);
  return socket;
}

/** What has come when the socket is closed; it is not read before somebody resumes it. */
function endOf(socket: Socket): Promise<string> {
  let text = '';
  return new Promise((done) => {
    socket.once('close', () => done(text));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).pause();
  });
}

async function begun(): Promise<number> {
  return (await snapshotsTotal.get()).values.find(({ labels }) => labels['outcome'] === 'begun')?.value ?? 0;
}

async function openSnapshots(): Promise<number> {
  return (await snapshotsOpen.get()).values[0]?.value ?? 0;
}

async function builds(): Promise<number> {
  return (await snapshotBuilds.get()).values[0]?.value ?? 0;
}

describe('the snapshot of the relay policies', () => {
  it('has every policy that is not removed, and reports its revision, their number and their digest', async () => {
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

  it('is compressed only for clients that accept gzip', async () => {
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

  it('is read from the database once for all readers', async () => {
    const other = await world.start();
    const before = await builds();
    const taken = await Promise.all(Array.from({ length: 4 }, () => takeSnapshot(other.url, key)));
    taken.push(await takeSnapshot(other.url, key));
    expect(taken.map(({ policies }) => policies.length)).toEqual(taken.map(() => USERS - 1));
    expect(await builds()).toBe(before + 1);
    await other.stop();
  });

  it('has the changes since it was read', async () => {
    await takeSnapshot(service.url, key);
    const before = await builds();
    const [, removed, renamed, loser, changed] = stories as [UserStory, UserStory, UserStory, UserStory, UserStory];
    const taker = new UserStory().registered('user-3@acme.example').restricted('192.0.2.1');
    removed.removed();
    renamed.renamed('other@acme.example');
    changed.mode('report-only');
    // That the loser gave its username up is yet to be heard: its line is no longer sent.
    await apply([removed, renamed, changed, taker]);
    const { response, policies } = await takeSnapshot(service.url, key);
    expect(policies.filter((policy) => policy.username === 'user-3@acme.example')).toMatchObject([
      { smtpUserId: taker.smtpUserId },
    ]);
    const of = ({ smtpUserId }: UserStory) => policies.filter((policy) => policy.smtpUserId === smtpUserId);
    expect([of(loser), of(removed)]).toEqual([[], []]);
    expect([of(renamed), of(changed)]).toMatchObject([[{ username: 'other@acme.example' }], [{ mode: 'report-only' }]]);
    expect(await builds()).toBe(before + 1);
    const digest = policies.map(policyDigest).reduce(xorDigest, EMPTY_DIGEST);
    expect(response.headers.get('postern-digest')).toBe(digestToHex(digest));
  });

  it('has each character of a username as it is', async () => {
    const story = new UserStory().registered(`q"uo\\te,'\\.@acme.example`);
    await apply([story]);
    const { policies } = await takeSnapshot(service.url, key);
    expect(policies.find(({ smtpUserId }) => smtpUserId === story.smtpUserId)?.username).toBe(
      `q"uo\\te,'\\.@acme.example`,
    );
  });

  it('stays at its instant for a slow reader, despite later changes', async () => {
    const response = await fetch(`${service.url}/v1/relay/policies`, { headers: auth() });
    stories[5]?.removed();
    await apply(stories.slice(5, 6));
    const after = await takeSnapshot(service.url, key);
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines.length).toBe(after.policies.length + 1);
    const digest = lines.map((line) => policyDigest(JSON.parse(line) as RelayPolicy)).reduce(xorDigest, EMPTY_DIGEST);
    expect(response.headers.get('postern-digest')).toBe(digestToHex(digest));
  });

  it('drops readers that read nothing, which see a broken answer', async () => {
    const before = await begun();
    const impatient = await world.start({ stalledMs: 1_000 });
    const stalled = Array.from({ length: 8 }, () => askWithoutReading(impatient.url));
    const ends = stalled.map(endOf);
    await until(async () => (await begun()) === before + stalled.length, 'the start of every snapshot');
    await until(async () => (await openSnapshots()) === 0, 'the end of every snapshot');
    for (const socket of stalled) socket.resume();
    for (const text of await Promise.all(ends)) expect(text.endsWith('0\r\n\r\n')).toBe(false);
    await impatient.stop();
  });

  it('is given up when its reader goes away', async () => {
    const patient = await world.start({ stalledMs: 60_000 });
    const leaving = Array.from({ length: 8 }, () => askWithoutReading(patient.url));
    await until(async () => (await openSnapshots()) === leaving.length, 'the start of every snapshot');
    for (const socket of leaving) socket.destroy();
    await until(async () => (await openSnapshots()) === 0, 'the end of every snapshot');
    expect((await takeSnapshot(patient.url, key)).response.status).toBe(200);
    await patient.stop();
  });

  it.each(['takes nothing', 'is slow'])('is cut off when its key is revoked while its reader %s', async (how) => {
    const patient = await world.start({ stalledMs: 60_000 });
    const revoked = await world.newKey('relay');
    const socket = askWithoutReading(patient.url, revoked);
    const end = endOf(socket);
    await until(async () => (await openSnapshots()) === 1, 'the start of the snapshot');
    const reading = how === 'is slow' ? setInterval(() => socket.read(1_000), 50) : undefined;
    await world.revoke(revoked);
    await until(async () => (await openSnapshots()) === 0, 'the end of the snapshot');
    clearInterval(reading);
    socket.resume();
    expect((await end).endsWith('0\r\n\r\n')).toBe(false);
    expect((await takeSnapshot(patient.url, key)).policies.length).toBeGreaterThan(USERS / 2);
    await patient.stop();
  });

  it('answers HEAD with only the headers', async () => {
    const { policies } = await takeSnapshot(service.url, key);
    const answer = await service.app.inject({ method: 'HEAD', url: '/v1/relay/policies', headers: auth() });
    expect([answer.statusCode, answer.payload, Number(answer.headers['postern-policies'])]).toEqual([
      200,
      '',
      policies.length,
    ]);
  });

  it('is only for relays', async () => {
    const operator = await world.newKey('operator');
    const headers = { authorization: `Bearer ${operator}` };
    const answer = await service.app.inject({ url: '/v1/relay/policies', headers });
    expect([answer.statusCode, answer.json()]).toMatchObject([403, { code: 'role-not-allowed' }]);
  });
});
