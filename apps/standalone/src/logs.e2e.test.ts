import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newId } from '@postern/contracts';
import {
  asking,
  createTestDatabase,
  startPosternProcess,
  type PosternProcess,
  type TestDatabase,
  until,
  openClient,
} from '@postern/testing';
import { migrateAll } from './database.js';

interface Line {
  readonly requestId?: string;
  readonly [field: string]: unknown;
}

let database: TestDatabase;
let folder: string;
let postern: PosternProcess;
beforeAll(async () => {
  database = await createTestDatabase('standalone', migrateAll);
  folder = await mkdtemp(join(tmpdir(), 'postern-logs-'));
  postern = await startPosternProcess({
    POSTERN_DATA_DIR: folder,
    POSTERN_DATABASE_URL: database.url,
    POSTERN_LOG_LEVEL: 'trace',
  });
});
afterAll(async () => {
  await postern?.end('SIGKILL');
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** What was logged, without what `npm start` prints for people. */
const logged = () =>
  postern
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
const lineOf = async (requestId: string): Promise<Line> => {
  const found = () =>
    logged()
      .map((line) => JSON.parse(line) as Line)
      .find((line) => line.requestId === requestId && line['msg'] === 'request');
  return (await until(found, `a line of ${requestId}`)) as Line;
};

describe('the log', () => {
  it('has one line for a request, with its route, who asked and how it ended', async () => {
    const operatorKey = postern.operatorKey ?? '';
    const operator = asking(postern.url, operatorKey);
    await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
    const requestId = newId();
    await operator('GET', '/v1/tenants/acme/smtp-users?limit=7', undefined, { 'x-request-id': requestId });
    expect(await lineOf(requestId)).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      context: 'http',
      requestId,
      method: 'GET',
      route: '/v1/tenants/:tenantId/smtp-users',
      status: 200,
      durationMs: expect.any(Number),
      ip: '127.0.0.1',
      keyId: operatorKey.split('_')[2],
      role: 'operator',
      tenantId: 'acme',
      msg: 'request',
    });
    expect(logged().filter((line) => line.includes(requestId))).toHaveLength(1);
  });

  it('logs a refused request, one that matched nothing, and a probe at debug', async () => {
    const [refused, nothing, probe] = [newId(), newId(), newId()];
    await fetch(`${postern.url}/v1/tenants`, { headers: { 'x-request-id': refused } });
    await fetch(`${postern.url}/nowhere/at/all`, { headers: { 'x-request-id': nothing } });
    await fetch(`${postern.url}/health/live`, { headers: { 'x-request-id': probe } });
    expect(await lineOf(refused)).toMatchObject({ level: 30, route: '/v1/tenants', status: 401 });
    expect(await lineOf(nothing)).toMatchObject({ level: 30, method: 'unmatched', route: 'unmatched', status: 404 });
    expect(await lineOf(probe)).toMatchObject({ level: 20, route: '/health/live', status: 200 });
  });

  it('logs a client that left before its answer was complete, once it has left', async () => {
    const { key } = (
      await asking(postern.url, postern.operatorKey ?? '')('POST', '/v1/api-keys', { role: 'relay', name: 'mx1' })
    ).body;
    const requestId = newId();
    const leave = new AbortController();
    const stream = await fetch(`${postern.url}/v1/relay/policies/stream`, {
      headers: { authorization: `Bearer ${key}`, 'x-request-id': requestId, 'last-event-id': '0' },
      signal: leave.signal,
    });
    await stream.body?.getReader().read();
    leave.abort();
    expect(await lineOf(requestId)).toMatchObject({ route: '/v1/relay/policies/stream', status: 200, role: 'relay' });
  });

  it('never has a key, a secret, or the database’s password in it, wherever a caller puts them', async () => {
    const operatorKey = postern.operatorKey ?? '';
    const secretOf = (key: string) => key.split('_')[3] ?? '';
    const operator = asking(postern.url, operatorKey);
    const issued = (await operator('POST', '/v1/tenants/acme/api-keys', { role: 'admin', name: 'ci' })).body.key;
    const bad = `pst_admin_${newId()}_badbadbadbadbadbad0123`;
    const notOurs = 'ghp_0123456789abcdefghijklmnopqrstuvwx';
    await asking(postern.url, bad)('GET', '/v1/tenants');
    await asking(postern.url, notOurs)('GET', '/v1/tenants');
    await asking(postern.url, `${issued} ${issued}`)('GET', '/v1/tenants');
    await fetch(`${postern.url}/v1/tenants?key=${issued}&api_key=${bad}`);
    await fetch(`${postern.url}/v1/tenants/${issued}/smtp-users`, { headers: { authorization: `Bearer ${issued}` } });
    await fetch(`${postern.url}/${issued}`);
    await fetch(`${postern.url}/v1/my-ip`, { headers: { 'x-request-id': issued.slice(0, 64), cookie: issued } });
    await operator('POST', '/v1/tenants', `{"name": ${issued}`);
    await operator('POST', '/v1/tenants', { id: 'x', name: 'x', [issued]: bad });
    await operator('POST', '/v1/tenants', { id: 'beta', name: issued }, { 'idempotency-key': issued.slice(0, 200) });
    const signIn = (body: object, headers = {}) =>
      fetch(`${postern.url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const signedIn = await signIn({ key: issued });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const [link, unused] = [await operator('POST', '/v1/sign-in-links'), await operator('POST', '/v1/sign-in-links')];
    const codes = [link, unused].map(({ body }) => String(body.url).split('=')[1] ?? '');
    await signIn({ code: codes[0] }, { cookie });
    await signIn({ code: codes[0], [codes[1] ?? '']: cookie });
    await fetch(`${postern.url}/v1/session?code=${codes[1]}`, { method: 'POST', headers: { cookie } });
    const byCookie = newId();
    await fetch(`${postern.url}/v1/tenants/acme/api-keys`, { headers: { cookie, 'x-request-id': byCookie } });
    const sessionId = /=(.*)\./.exec(cookie)?.[1];
    expect(await lineOf(byCookie)).toMatchObject({
      keyId: issued.split('_')[2],
      sessionId,
      role: 'admin',
      status: 200,
    });
    // And what fails inside: a statement that meets a table that is not there any more.
    await breakDatabase();
    const failed = newId();
    const admin = asking(postern.url, issued);
    expect((await admin('GET', '/v1/tenants/acme/smtp-users', undefined, { 'x-request-id': failed })).status).toBe(500);
    expect(await lineOf(failed)).toMatchObject({ level: 40, status: 500 });
    const password = new URL(database.url).password;
    const text = logged().join('\n');
    expect(text).toContain(failed);
    const keys = [operatorKey, issued, bad, notOurs].map((key) => secretOf(key) || key);
    for (const secret of [...keys, password, cookie.split('.')[1] ?? '', ...codes])
      expect(text.includes(secret)).toBe(false);
  });
});

describe('a reader of the log that has stopped reading', () => {
  it('does not stop the service: every request is answered, although the logs exceed a pipe’s buffer', async () => {
    const own = await createTestDatabase('standalone', migrateAll);
    const child = spawn(process.execPath, [join(process.cwd(), 'dist/apps/standalone/src/main.js')], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        POSTERN_HTTP_PORT: '0',
        POSTERN_DATA_DIR: join(folder, 'unread'),
        POSTERN_DATABASE_URL: own.url,
        POSTERN_LOG_LEVEL: 'info',
      },
      // Standard error is a pipe that nobody reads.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gone = once(child, 'exit');
    try {
      let url: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        url ??= /^Postern is ready at (\S+)$/.exec(line)?.[1];
        if (url) break;
      }
      const statuses = new Set<number>();
      for (let i = 0; i < 1_500; i++) {
        statuses.add((await fetch(`${url}/v1/my-ip`, { signal: AbortSignal.timeout(10_000) })).status);
      }
      expect([...statuses]).toEqual([200]);
    } finally {
      child.kill('SIGKILL');
      await gone;
      await own.drop();
    }
  });
});

async function breakDatabase(): Promise<void> {
  const client = await openClient(database.url);
  await client.query('ALTER TABLE projection.smtp_users RENAME TO gone');
  await client.end();
}
