import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { newId, newApiKey } from '@postern/contracts';
import { asking, type Ask } from '@postern/testing';
import { startPostern, type StartedPostern } from './testing/started-postern.js';

const FAILED_BURST = 10;
const MEBIBYTE = 1_048_576;

let postern: StartedPostern;
let url: string;
let operator: Ask;

beforeAll(async () => {
  postern = await startPostern({
    // So slow that no token comes back while a test runs.
    POSTERN_FAILED_AUTH_PER_SECOND: '0.001',
    POSTERN_FAILED_AUTH_BURST: String(FAILED_BURST),
    POSTERN_TRUSTED_PROXIES: '127.0.0.1',
  });
  ({ url, operator } = postern);
  await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(() => postern?.end());

const newKey = async (role: string, tenant?: string): Promise<string> => {
  const path = tenant === undefined ? '/v1/api-keys' : `/v1/tenants/${tenant}/api-keys`;
  return (await operator('POST', path, { role, name: 'test' })).body.key;
};
const wrongKey = (): string => newApiKey('admin').text;
const USERS = '/v1/tenants/acme/smtp-users';

interface Announced {
  readonly path?: string;
  readonly key?: string;
  readonly from?: string;
  readonly length?: number;
}

/** Sends the headers of a POST with a body of 1 MiB, and no byte of the body. */
function announce({ path = USERS, key, from = '192.0.2.1', length = MEBIBYTE }: Announced): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const authorization = key === undefined ? '' : `Authorization: Bearer ${key}\r\n`;
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${from}\r\n${authorization}` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  );
  return socket;
}

/** What the server answers up to the length that it announces, and the head of it. */
async function answerTo(socket: Socket) {
  let text = '';
  while (!/\r\n\r\n.*\}$/s.test(text)) text += String((await once(socket, 'data'))[0]);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    closes: /^connection: close$/im.test(head),
    code: JSON.parse(body).code,
  };
}

describe('a request with a body that nobody wants', () => {
  it.each([
    ['without a key', {}, 401, 'api-key-missing'],
    ['with a key that is none', { key: 'pst_x' }, 401, 'api-key-invalid'],
    ['with an unknown key', { key: wrongKey() }, 401, 'api-key-invalid'],
    ['for no route', { path: '/v1/nothing' }, 404, 'route-not-found'],
  ])('%s is refused before a byte of it comes, and its connection is closed', async (_, request, status, code) => {
    const socket = announce(request);
    expect(await answerTo(socket)).toEqual({ status, closes: true, code });
    socket.destroy();
  });

  it('is refused so with the key of another role, for another tenant, and for its announced length', async () => {
    const [relay, admin] = [await newKey('relay'), await newKey('admin', 'acme')];
    const requests: readonly (readonly [Announced, number, string])[] = [
      [{ path: '/v1/tenants', key: relay }, 403, 'role-not-allowed'],
      [{ path: '/v1/tenants/other/smtp-users', key: admin }, 404, 'tenant-not-found'],
      [{ key: admin, length: 16_385 }, 413, 'body-too-large'],
    ];
    for (const [ask, status, code] of requests) {
      const socket = announce(ask);
      expect(await answerTo(socket)).toEqual({ status, closes: true, code });
      socket.destroy();
    }
  });

  it('is refused so above the limit of failed keys', async () => {
    const from = '192.0.2.2';
    for (let i = 0; i < FAILED_BURST; i++) await asking(url, 'pst_x')('POST', USERS, {}, { 'x-forwarded-for': from });
    const socket = announce({ from });
    expect(await answerTo(socket)).toEqual({ status: 429, closes: true, code: 'too-many-requests' });
    socket.destroy();
  });

  it('reads its answer also where it sends the body first, and then its connection ends', async () => {
    const socket = announce({ from: '192.0.2.3' });
    const ended = once(socket, 'end');
    socket.write('['.padEnd(MEBIBYTE, '{},'));
    expect(await answerTo(socket)).toEqual({ status: 401, closes: true, code: 'api-key-missing' });
    await ended;
    socket.destroy();
  });

  it('is cut off where it sends more than the answer waits for', async () => {
    const socket = announce({ from: '192.0.2.4', length: 1_000 * MEBIBYTE });
    socket.on('error', () => undefined);
    const closed = new Promise((done) => socket.once('close', done));
    const chunk = Buffer.alloc(65_536, ' ');
    const send = (): void => void (socket.writable && socket.write(chunk, send));
    send();
    await closed;
    expect(socket.bytesWritten).toBeLessThan(100 * MEBIBYTE);
  });
});

describe('a key that is revoked while its body comes in', () => {
  it('is refused', async () => {
    const { key, id } = (await operator('POST', '/v1/tenants/acme/api-keys', { role: 'admin', name: 'slow' })).body;
    const body = '{"username":"late@acme.example"}';
    const socket = announce({ key, length: body.length });
    // It was let in: a later request of the connection's key was, too.
    expect((await asking(url, key)('GET', USERS)).status).toBe(200);
    await operator('DELETE', `/v1/tenants/acme/api-keys/${id}`);
    while ((await asking(url, key)('GET', USERS)).status === 200);
    socket.write(body);
    expect(await answerTo(socket)).toEqual({ status: 401, closes: false, code: 'api-key-invalid' });
    socket.destroy();
  });
});

describe('a body', () => {
  it('is limited to a small size on routes without lists, and may have a long list on others', async () => {
    const admin = asking(url, await newKey('admin', 'acme'));
    const padded = (body: object, length: number) => JSON.stringify(body).padEnd(length, ' ');
    const user = (name: string, length: number) => admin('POST', USERS, padded({ username: name }, length));
    const { status, body } = await user('a@acme.example', 16_384);
    expect(status).toBe(201);
    expect(await user('b@acme.example', 16_385)).toMatchObject({
      status: 413,
      body: { code: 'body-too-large', detail: 'A body may have 16 KiB here. Send less at a time.' },
    });
    const entries = padded({ entries: [{ range: '192.0.2.1' }] }, MEBIBYTE);
    expect((await admin('POST', `${USERS}/${body.id}/restriction/entries`, entries)).status).toBe(201);
    expect(await admin('POST', `${USERS}/${body.id}/restriction/entries`, `${entries} `)).toMatchObject({
      status: 413,
      body: { code: 'body-too-large', detail: 'A body may have 1 MiB here. Send less at a time.' },
    });
  });

  it('has a limited number of members, at any depth', async () => {
    const admin = asking(url, await newKey('admin', 'acme'));
    const { body: user } = await admin('POST', USERS, { username: 'members@acme.example' });
    const send = (entries: string) =>
      admin('POST', `${USERS}/${user.id}/restriction/entries`, `{"entries":${entries}}`);
    const detail = 'A body may have 16,000 members and elements in total. Send fewer at a time.';
    for (const many of [`[${'{},'.repeat(300_000)}{}]`, '['.repeat(500_000), `[{${'"a":1,'.repeat(100_000)}"a":1}]`])
      expect(await send(many)).toMatchObject({ status: 413, body: { code: 'body-too-large', detail } });
    const [error] = (await send(`[${'{},'.repeat(7_000)}{}]`)).body.errors;
    expect(error).toMatchObject({ pointer: '/entries', code: 'too-many-entries' });
  });
});

describe('a flood of wrong keys', () => {
  const GOOD = 40;

  it.each(['of a process that has seen none of the good ones', 'of a process that has just started'])(
    'refuses no good key from its address: %s',
    async (when) => {
      const from = { 'x-forwarded-for': '192.0.2.5' };
      const good = await Promise.all(Array.from({ length: GOOD }, () => newKey('relay')));
      const other = when.endsWith('started') ? await postern.another() : null;
      const flooded = other ? await other.getUrl() : url;
      const over = new AbortController();
      const refused = new Set<number>();
      const flood = Array.from({ length: 8 }, async () => {
        while (!over.signal.aborted)
          refused.add((await asking(flooded, wrongKey())('GET', '/v1/tenants', undefined, from)).status);
      });
      while (!refused.has(429)) await new Promise((done) => setImmediate(done));
      const question = { username: 'a@x', ip: '192.0.2.9', dryRun: true };
      const answers = await Promise.all(
        good.map((key) => asking(flooded, key)('POST', '/v1/relay/decisions', question, from)),
      );
      over.abort();
      await Promise.all(flood);
      expect(answers.map(({ status }) => status)).toEqual(good.map(() => 200));
      await other?.close();
    },
  );

  it('reaches the database by one query at a time, and malformed keys by none', async () => {
    const access = postern.app.get<{ query(sql: string, values: unknown[]): Promise<unknown[]> }>(
      getDataSourceToken('postern_access'),
      { strict: false },
    );
    const query = access.query.bind(access);
    let [running, most, count] = [0, 0, 0];
    access.query = async (sql, values) => {
      // The times of last use are written by a timer, next to the look-ups.
      if (!sql.includes('FROM access.api_keys')) return query(sql, values);
      count += 1;
      running += 1;
      most = Math.max(most, running);
      try {
        return await query(sql, values);
      } finally {
        running -= 1;
      }
    };
    const from = { 'x-forwarded-for': '192.0.2.6' };
    const ask = (key: string) => asking(url, key)('GET', '/v1/tenants', undefined, from);
    try {
      await Promise.all(Array.from({ length: 50 }, (_, i) => ask(`pst_admin_${newId()}_short${i}`)));
      expect(count).toBe(0);
      await Promise.all(Array.from({ length: 200 }, () => ask(wrongKey())));
    } finally {
      access.query = query;
    }
    expect(count).toBeLessThan(200);
    expect(most).toBe(1);
  });
});
