import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
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
let frozen: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-frozen-'));
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  postern = await startPosternProcess({ POSTERN_DATA_DIR: join(folder, 'data'), POSTERN_DATABASE_URL: server.url() });
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
    const { operator, admin, adminKey, relayKey } = await createAcme(postern.url, postern.operatorKey);
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
