import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { RelayClient } from '@postern/relay-client';
import {
  pidIn,
  sendSignal,
  startPosternProcess,
  type PosternProcess,
  until,
  openClient,
  createAcme,
} from '@postern/testing';

let folder: string;
let server: EmbeddedPostgres;
let postern: PosternProcess;
let acme: Awaited<ReturnType<typeof createAcme>>;
let frozen: number[] = [];
const OUTAGE_MS = 10_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-outage-'));
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  postern = await startPosternProcess({ POSTERN_DATA_DIR: join(folder, 'data'), POSTERN_DATABASE_URL: server.url() });
  acme = await createAcme(postern.url, postern.operatorKey);
});
afterAll(async () => {
  thaw();
  await postern?.end('SIGTERM');
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Stops the server's processes where they stand: its connections stay open, and nothing answers on them. */
async function freeze(): Promise<void> {
  const client = await openClient(server.url());
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
  );
  await client.end();
  frozen = [await pidIn(join(folder, 'postgres', 'postmaster.pid')), ...rows.map(({ pid }) => pid)];
  for (const pid of frozen) sendSignal(pid, 'SIGSTOP');
}

function thaw(): void {
  for (const pid of frozen) {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // A session that has ended since.
    }
  }
  frozen = [];
}

describe('a database that hangs without a word', () => {
  it('makes every call 503 within a client’s patience, and all go on when it moves again', async () => {
    const { operator, admin, adminKey, relayKey } = acme;
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'a@x' })).body;
    const once = { 'idempotency-key': 'a change of which the answer may be lost' };
    const calls: [key: string, method: string, path: string, body?: object, headers?: object][] = [
      [adminKey, 'GET', '/v1/tenants/acme/smtp-users'],
      [adminKey, 'GET', '/v1/tenants/acme/denials'],
      [adminKey, 'GET', '/v1/tenants/acme/changes'],
      [adminKey, 'GET', '/v1/tenants/acme/api-keys'],
      [adminKey, 'POST', `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`, { entries: [{ range: '::1' }] }],
      [relayKey, 'POST', '/v1/relay/decisions', { username: 'a@x', ip: '::1' }],
      [adminKey, 'POST', '/v1/tenants/acme/smtp-users', { username: 'b@x' }, once],
      [relayKey, 'POST', '/v1/relay/decisions', { username: 'a@x', ip: '::1' }, once],
    ];
    const send = async ([key, method, path, body, headers]: (typeof calls)[number], patienceMs: number) => {
      const answer = await fetch(postern.url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(patienceMs),
      });
      const { code } = (await answer.json()) as { code?: string };
      return [path, answer.status, code, answer.headers.get('retry-after')];
    };
    const refused = calls.map(([, , path]) => [path, 503, 'not-ready', '1']);

    for (const call of calls.slice(0, 3)) expect(await send(call, 5_000)).toEqual([call[2], 200, undefined, null]);
    await freeze();
    // The keys were just looked up, or not: what hangs is the guard or what is behind it.
    expect(await Promise.all(calls.map((call) => send(call, 14_000)))).toEqual(refused);
    // By now no look-up is fresh: it is the guard that hangs.
    expect(await Promise.all(calls.map((call) => send(call, 8_000)))).toEqual(refused);
    expect((await fetch(`${postern.url}/health/ready`, { signal: AbortSignal.timeout(8_000) })).status).toBe(503);
    expect((await fetch(`${postern.url}/health/live`, { signal: AbortSignal.timeout(8_000) })).status).toBe(200);
    expect((await fetch(`${postern.url}/metrics`, { signal: AbortSignal.timeout(8_000) })).status).toBe(200);
    thaw();
    await until(async () => (await operator('GET', '/v1/tenants')).status === 200, 'an answer of the database');
    for (const call of calls.slice(0, 3)) expect(await send(call, 14_000)).toEqual([call[2], 200, undefined, null]);
  });
});

describe('a database that is gone for ten seconds', () => {
  it('makes writes answer 503 while the relay continues to decide; everything recovers without a restart', async () => {
    const { admin, relayKey } = acme;
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body;
    const entries = `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`;
    const add = (range: string) => admin('POST', entries, { entries: [{ range }] });
    await add('192.0.2.1');

    const relay = new RelayClient({ urls: [postern.url], key: relayKey, relayName: 'mx1' });
    await relay.start();
    try {
      await until(() => relay.decide('app@acme.example', '192.0.2.1').reason === 'entry-matched');

      await server.stop();
      const gone = Date.now();
      const refused = await add('192.0.2.2');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(refused.body).toMatchObject({ code: 'not-ready', status: 503 });
      expect((await fetch(`${postern.url}/health/ready`)).status).toBe(503);
      expect((await fetch(`${postern.url}/health/live`)).status).toBe(200);
      while (Date.now() - gone < OUTAGE_MS) {
        expect(relay.decide('app@acme.example', '192.0.2.1').decision).toBe('allow');
        expect(relay.decide('app@acme.example', '198.51.100.1').decision).toBe('deny');
        await sleep(100);
      }
      server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });

      await until(async () => (await add('192.0.2.8')).status === 201, 'a write that is taken');
      await until(async () => (await fetch(`${postern.url}/health/ready`)).status === 200, 'readiness');

      expect((await add('192.0.2.9')).status).toBe(201);
      await until(() => relay.decide('app@acme.example', '192.0.2.9').decision === 'allow');

      // The denials of the outage were kept by the relay, and arrive.
      const denials = () => admin('GET', `/v1/tenants/acme/smtp-users/${user.id}/denials?ip=198.51.100.1&limit=500`);
      await until(async () => (await denials()).body.items.length > 0, 'the denials on record');
    } finally {
      await relay.stop();
    }
  });
});
