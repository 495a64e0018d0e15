import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { newId } from '@postern/contracts';
import { asking, type Ask } from '@postern/testing';
import { startPostern, type StartedPostern } from './testing/started-postern.js';

const KEY_BURST = 30;
const FAILED_BURST = 10;

let postern: StartedPostern;
let url: string;
let operator: Ask;

beforeAll(async () => {
  postern = await startPostern({
    // So slow that no token comes back while a test runs: what is refused does not depend on the machine's speed.
    POSTERN_RATE_LIMIT_PER_SECOND: '0.001',
    POSTERN_RATE_LIMIT_BURST: String(KEY_BURST),
    POSTERN_FAILED_AUTH_PER_SECOND: '0.001',
    POSTERN_FAILED_AUTH_BURST: String(FAILED_BURST),
    POSTERN_MAX_CONNECTIONS: '20',
    POSTERN_TRUSTED_PROXIES: '127.0.0.1',
  });
  ({ url, operator } = postern);
});
afterAll(() => postern?.end());

const from = (ip: string) => ({ 'x-forwarded-for': ip });
const limitedBy = async (limit: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^postern_requests_limited_total{limit="${limit}"} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
};

describe('requests with an API key', () => {
  it('above its burst are 429 with Retry-After and counted, and no other key is the worse for it', async () => {
    const { key } = (await operator('POST', '/v1/api-keys', { role: 'operator', name: 'mad loop' })).body;
    const mad = asking(url, key);
    const before = await limitedBy('api-key');
    const statuses: number[] = [];
    for (let i = 0; i < KEY_BURST; i++) statuses.push((await mad('GET', '/v1/tenants')).status);
    expect(statuses).toEqual(Array.from({ length: KEY_BURST }, () => 200));
    const refused = await mad('GET', '/v1/tenants');
    expect({ status: refused.status, body: refused.body }).toEqual({
      status: 429,
      body: {
        type: 'urn:postern:problem:too-many-requests',
        title: 'Too many requests',
        status: 429,
        detail: expect.stringMatching(/^This API key sends more requests than it may. Send it again after \d+ s\.$/),
        code: 'too-many-requests',
        requestId: refused.headers.get('x-request-id'),
        errors: [],
      },
    });
    // A token comes back each 1,000 s.
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(900);
    expect(wait).toBeLessThanOrEqual(1_000);
    expect(await limitedBy('api-key')).toBe(before + 1);
    expect((await operator('GET', '/v1/tenants')).status).toBe(200);
  });
});

describe('requests without a valid API key', () => {
  const wrong = () => asking(url, `pst_admin_${newId()}_0123456789abcdef`);

  it('are refused by address above the burst; a valid key still works from there, also a new one', async () => {
    const source = from('192.0.2.10');
    const good = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'behind the same NAT' })).body.key;
    const relay = asking(url, good);
    const decide = (ask: Ask) =>
      ask('POST', '/v1/relay/decisions', { username: 'a@x', ip: '::1', dryRun: true }, source);

    const statuses: number[] = [];
    for (let i = 0; i < FAILED_BURST; i++)
      statuses.push((await wrong()('GET', '/v1/tenants', undefined, source)).status);
    expect(statuses).toEqual(Array.from({ length: FAILED_BURST }, () => 401));

    const before = await limitedBy('failed-authentication');
    const refused = await wrong()('GET', '/v1/tenants', undefined, source);
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 429, code: 'too-many-requests' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // Without a key, and with the right id but another secret, it is the same.
    expect((await fetch(`${url}/v1/tenants`, { headers: source })).status).toBe(429);
    const forged = `${good.slice(0, -8)}00000000`;
    expect((await decide(asking(url, forged))).status).toBe(429);
    expect(await limitedBy('failed-authentication')).toBe(before + 3);

    expect((await decide(relay)).status).toBe(200);
    expect((await wrong()('GET', '/v1/tenants', undefined, from('192.0.2.11'))).status).toBe(401);
  });

  it('are one caller over a complete IPv6 /64', async () => {
    for (let i = 0; i < FAILED_BURST; i++) await wrong()('GET', '/v1/tenants', undefined, from(`2001:db8::${i + 1}`));
    expect((await wrong()('GET', '/v1/tenants', undefined, from('2001:db8::ffff'))).status).toBe(429);
    expect((await wrong()('GET', '/v1/tenants', undefined, from('2001:db8:0:1::1'))).status).toBe(401);
  });

  it('do not limit a valid key, however often it is used', async () => {
    const source = from('192.0.2.12');
    const { key } = (await operator('POST', '/v1/api-keys', { role: 'operator', name: 'steady' })).body;
    for (let i = 0; i < FAILED_BURST + 5; i++) {
      expect((await asking(url, key)('GET', '/v1/tenants', undefined, source)).status).toBe(200);
    }
    expect((await wrong()('GET', '/v1/tenants', undefined, source)).status).toBe(401);
  });

  it('are served on public routes, which ask nobody', async () => {
    for (let i = 0; i < FAILED_BURST + 5; i++) {
      expect((await fetch(`${url}/v1/my-ip`, { headers: from('192.0.2.10') })).status).toBe(200);
    }
  });
});

describe('what a request may have', () => {
  it('is bounded where docs/limits.md says so: rows of a page, keys of repeats, request ids', async () => {
    const { key } = (await operator('POST', '/v1/api-keys', { role: 'operator', name: 'bounds' })).body;
    const ask = asking(url, key);
    const seen = [];
    for (const limit of [0, 1, 500, 501]) seen.push([limit, (await ask('GET', `/v1/tenants?limit=${limit}`)).status]);
    expect(seen).toEqual([
      [0, 422],
      [1, 200],
      [500, 200],
      [501, 422],
    ]);
    const lengths = [];
    for (const length of [1, 255, 256]) {
      const body = { id: `bounds-${length}`, name: 'Bounds' };
      const { status } = await ask('POST', '/v1/tenants', body, { 'idempotency-key': 'k'.repeat(length) });
      lengths.push([length, status]);
    }
    expect(lengths).toEqual([
      [1, 201],
      [255, 201],
      [256, 422],
    ]);
    const ids = [];
    for (const given of ['x'.repeat(64), 'x'.repeat(65), 'has spaces']) {
      const { headers } = await ask('GET', '/v1/tenants', undefined, { 'x-request-id': given });
      ids.push(headers.get('x-request-id') === given);
    }
    expect(ids).toEqual([true, false, false]);
  });
});

/** Sends bytes on a connection of their own and reads until the server closes it. */
async function raw(...parts: readonly string[]): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  for (const part of parts) socket.write(part);
  await endOf(socket);
  return answer;
}

/** Also where it ended with an error. */
function endOf(socket: Socket): Promise<void> {
  return new Promise((done) => socket.once('close', () => done()));
}

const bodyOf = (answer: string) => JSON.parse(answer.split('\r\n\r\n')[1] ?? '');

describe('what comes over the wire', () => {
  it('with more than 16 KiB of URL and headers is 431', async () => {
    const answer = await raw(`GET /v1/my-ip HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(bodyOf(answer)).toMatchObject({ status: 431, code: 'headers-too-large' });
    const long = await raw(`GET /v1/my-ip?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(bodyOf(long)).toMatchObject({ status: 431, code: 'headers-too-large' });
  });

  it('and is not HTTP is 400', async () => {
    const answer = await raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n');
    expect(bodyOf(answer)).toMatchObject({ status: 400, code: 'request-malformed' });
  });

  it('so slowly that the headers are not there in time is 408 and closed', async () => {
    const answer = await raw('GET /v1/my-ip HTTP/1.1\r\nHost: x\r\nX-Slow');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(bodyOf(answer)).toMatchObject({ status: 408, code: 'request-timeout' });
  });

  it('above the limit of connections are closed at once; others are served again when some end', async () => {
    const { port } = new URL(url);
    const sockets = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => undefined);
        const closed = endOf(socket).then(() => 'closed');
        const open = new Promise<string>((done) => socket.once('data', () => done('served')));
        socket.write('GET /v1/my-ip HTTP/1.1\r\nHost: x\r\n\r\n');
        return { socket, fate: await Promise.race([closed, open]) };
      }),
    );
    const served = sockets.filter(({ fate }) => fate === 'served').length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThanOrEqual(20);
    await Promise.all(
      sockets.map(({ socket }) => {
        const closed = socket.closed ? Promise.resolve() : endOf(socket);
        socket.destroy();
        return closed;
      }),
    );
    let status = 0;
    while (status !== 200)
      status = await fetch(`${url}/v1/my-ip`).then(
        (answer) => answer.status,
        () => 0,
      );
    expect(status).toBe(200);
  });
});
