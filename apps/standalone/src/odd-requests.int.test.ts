import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { loadSettings } from '@postern/settings';
import { type Running } from '@postern/process-life';
import fc from 'fast-check';
import { hasNginx, startNginx, until } from '@postern/testing';
import { startProxy } from '../../supervisor/src/proxy.js';
import { startDocumented, type DocumentedPostern } from './testing/documented-postern.js';

let postern: DocumentedPostern;
let edges: readonly Pick<Running, 'url' | 'stop'>[] = [];
let admin: string;
let doors: readonly string[];
let user: string;

beforeAll(async () => {
  const local = { POSTERN_TRUSTED_PROXIES: '127.0.0.1', POSTERN_FAILED_AUTH_BURST: '100000' };
  postern = await startDocumented(local);
  const url = (await postern.app.getUrl()).replace('[::1]', '127.0.0.1');
  const settings = loadSettings({ POSTERN_LOG_LEVEL: 'silent', POSTERN_HTTP_PORT: '0' });
  const services = { 'command-service': [url], 'projection-service': [url], 'audit-trail-service': [url] };
  edges = [await startProxy(settings, services), ...(hasNginx ? [await startNginx(services)] : [])];
  doors = [url, ...edges.map((edge) => edge.url)];
  admin = (await postern.newKey('admin')).key;
  const made = await send(url, 'POST', '/v1/tenants/acme/smtp-users', { body: '{"username":"app@acme.example"}' });
  user = `/v1/tenants/acme/smtp-users/${JSON.parse(made.body).id}`;
  await until(async () => (await send(url, 'GET', user)).status === 200, 'reads show the user');
});
afterAll(async () => {
  for (const edge of edges) await edge.stop();
  await postern?.end();
});

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
interface Came {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: string;
  readonly body: string;
}

/** By a socket of its own, byte for byte: no client library puts the target right. */
async function send(
  door: string,
  method: string,
  target: string,
  { headers = {}, body = '' }: Sent = {},
): Promise<Came> {
  const { hostname, port } = new URL(door);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({
    host: 'postern.example',
    connection: 'close',
    authorization: `Bearer ${admin}`,
    ...(body.length > 0
      ? { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
      : {}),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'));
  if (body.length > 0) socket.write(body);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString('latin1');
  const [head = '', rest = ''] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  return {
    status: Number(head.split(' ')[1]),
    code: /"code":"([a-z-]+)"/.exec(rest)?.[1],
    headers: head.toLowerCase(),
    body: rest.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, ''),
  };
}

/** The same of every door. */
async function atEveryDoor(method: string, target: string, sent: Sent = {}): Promise<readonly Came[]> {
  return Promise.all(doors.map((door) => send(door, method, target, sent)));
}

describe('a path', () => {
  const named = (path: string) => ({ path, name: JSON.stringify(path.slice(0, 40)) });
  it.each(
    [
      '/v1/tenants/acme\\smtp-users',
      '/v1//my-ip',
      '//v1/my-ip',
      '/v1/tenants/acme%2fsmtp-users',
      '/v1/tenants/%2e%2e/my-ip',
      '/v1/./my-ip',
      '/v1/tenants/../my-ip',
      '/v1/tenants/..%5cx',
      '/v1/tenants/%00/smtp-users',
      '/docs/..%5cx',
      '/docs/%2e%2e/x',
      '/docs/x%00',
      '/v1/my-ip#x',
      `/v1/tenants/${'x'.repeat(301)}/smtp-users`,
      `/docs/${'x'.repeat(301)}`,
      `/docs/${'x'.repeat(4_096)}`,
      '/docs/%zz',
      '/t/%zz',
      '/t/acme/%2e%2e/x',
      '/help//x',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/index.html',
      '/assets/x%00',
      `/assets/${'x'.repeat(4_096)}`,
      '/v1/tenants/%zz/smtp-users',
      '*',
    ].map(named),
  )('such as $name is no route, at every door', async ({ path }) => {
    for (const { status, code, headers, body } of await atEveryDoor('GET', path)) {
      expect([status, code, code === 'route-not-found' ? '' : body]).toEqual([404, 'route-not-found', '']);
      expect(headers).toContain('x-content-type-options: nosniff');
      expect(headers).toContain('cache-control: no-store');
    }
  });

  it('in the absolute form, as sent to a proxy, is routed like any other', async () => {
    for (const target of ['http://postern.example/v1/my-ip', 'HTTP://x:1/v1/my-ip?'])
      for (const { status } of await atEveryDoor('GET', target)) expect(status).toBe(200);
  });

  it('has its UUIDs read without case', async () => {
    const upper = user.replace(/[^/]+$/, (id) => id.toUpperCase());
    for (const { status } of await atEveryDoor('GET', upper)) expect(status).toBe(200);
    for (const { status } of await atEveryDoor('DELETE', `${upper}/restriction`)) expect(status).toBe(200);
  });
});

describe('a query', () => {
  it('with a NUL, or a name that nobody knows, is 422 at reads and at writes', async () => {
    for (const target of ['?query=%00', '?query=%EF%BB%BF', '?x=1'])
      for (const { status } of await atEveryDoor('GET', `/v1/tenants/acme/smtp-users${target}`))
        expect(status).toBe(422);
    const body = '{"mode":"enforce"}';
    for (const { status, body: answer } of [
      ...(await atEveryDoor('PUT', `${user}/restriction/mode?dryRun=true`, { body })),
      ...(await atEveryDoor('DELETE', `${user}?dryRun=true`)),
      ...(await atEveryDoor('GET', `${user}?dryRun=true`)),
      ...(await atEveryDoor('GET', '/v1/my-ip?dryRun=true')),
    ]) {
      expect(status).toBe(422);
      expect(answer).toContain('"pointer":"?dryRun","code":"field-unknown"');
    }
  });
});

describe('a body', () => {
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    atEveryDoor('POST', '/v1/tenants/acme/smtp-users', { body, headers });

  it.each([
    ['members of the same name', '{"username":"a","username":"b"}'],
    ['members of the same name, one escaped', '{"username":"a","\\u0075sername":"b"}'],
    ['members of the same name, deep inside', '{"username":"a","x":[{"y":{"z":":","z":":"}}]}'],
    ['bytes that are not UTF-8', Buffer.from('{"username":"\xff"}', 'latin1')],
    ['half a character of UTF-8', Buffer.from('{"username":"\xc3"}', 'latin1')],
    ['more levels than anything here has', `{"username":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('with %s is 400', async (_, body) => {
    for (const { status, code } of await post(body)) expect([status, code]).toEqual([400, 'body-not-json']);
    for (const { status } of await post(body, { 'idempotency-key': 'k' })) expect(status).toBe(400);
  });

  it('with colons, quotes and backslashes in its strings, and members of the same name in different objects, is read', async () => {
    const body = String.raw`{"username":"a:\"b\\:","x:y":{"a":1},"z":[{"a":1},{"a":2}]}`;
    for (const { status, code } of await post(body)) expect([status, code]).toEqual([422, 'validation-failed']);
  });

  it.each([
    { 'content-type': 'application/json; charset=iso-8859-1' },
    { 'content-type': 'application/json;charset="utf-16"' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'br, identity' },
  ])('of %j is 415', async (headers) => {
    for (const { status, code } of await post('{"username":"a"}', headers as Record<string, string>))
      expect([status, code]).toEqual([415, 'media-type-unsupported']);
  });

  it('of UTF-8 is read, however that is written', async () => {
    for (const type of ['application/json; charset=UTF-8', 'application/json;charset="utf-8"'])
      for (const { status } of await post('{}', { 'content-type': type, 'content-encoding': 'identity' }))
        expect(status).toBe(422);
  });
});

describe('If-Match', () => {
  const put = (headers: Record<string, string>, range = '192.0.2.1') =>
    send(doors[1] ?? '', 'PUT', `${user}/restriction`, { headers, body: `{"entries":[{"range":"${range}"}]}` });

  it('must be sent with a new list, and may come as a proxy has changed it', async () => {
    expect(await put({})).toMatchObject({ status: 428, code: 'if-match-required' });
    const version = (answer: Came) => JSON.parse(answer.body).version as number;
    const first = version(await put({ 'if-match': '*' }));
    const second = await put({ 'if-match': `W/"${first}"` }, '192.0.2.2');
    expect(second.status).toBe(200);
    expect(await put({ 'if-match': `"${version(second)}-gzip"` }, '192.0.2.3')).toMatchObject({ status: 200 });
    expect(await put({ 'if-match': `W/"${first}"` })).toMatchObject({ status: 412 });
  });

  it('is part of what an Idempotency-Key covers; the order of members is not', async () => {
    const once = { 'idempotency-key': 'same', 'if-match': '*' };
    const first = await put(once);
    expect(first.status).toBe(200);
    expect((await put(once)).headers).toContain('idempotency-replayed: true');
    expect(await put({ ...once, 'if-match': '"1"' })).toMatchObject({ status: 409, code: 'idempotency-key-reused' });
    const add = (body: string) =>
      send(doors[0] ?? '', 'POST', `${user}/restriction/entries`, { headers: { 'idempotency-key': 'order' }, body });
    expect((await add('{"entries":[{"range":"192.0.2.7","note":"a"}]}')).status).toBe(201);
    const again = await add('{"entries": [{"note":"a", "range":"192.0.2.7"}]}');
    expect([again.status, again.headers]).toEqual([201, expect.stringContaining('idempotency-replayed: true')]);
  });
});

describe('no request', () => {
  const ODD = [
    '%00',
    '%2f',
    '%5c',
    '\\',
    '..',
    '%2e',
    '//',
    '%zz',
    '%',
    '\xff',
    '%ff',
    '%f0%9f%98%80',
    '#',
    '?',
    '&',
    '=',
    '[',
    ';',
    ':',
    '@',
    '~',
    ' '.trim(),
    'x'.repeat(150),
    '%EF%BF%BF',
    '%ED%A0%80',
    "'",
    '"',
    '__proto__',
    'constructor',
    '-1',
    '99999999999999999999',
    '0x1',
  ];
  const part = fc.oneof(fc.constantFrom(...ODD), fc.stringMatching(/^[!-~]{1,12}$/));
  const BELOW = [
    '',
    '/restriction',
    '/restriction/check',
    '/restriction/entries/',
    '/denials',
    '/denied-ips',
    '/history',
    '/restriction/mode',
  ];
  const NAMES = [
    'query',
    'limit',
    'cursor',
    'from',
    'to',
    'ip',
    'at',
    'username',
    'relay',
    'reason',
    'refused',
    'state',
    'allows',
    'smtpUserIds',
    'since',
    'interval',
    'toString',
    '__proto__',
  ];

  it('of an odd path or query is answered with an internal error, at any door', async () => {
    const paths = fc.oneof(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('')}`),
      fc.tuple(fc.constantFrom('docs', 't', 'help', 'assets'), part).map(([folder, odd]) => `/${folder}/${odd}`),
      fc
        .tuple(part, fc.constantFrom('', '/smtp-users', '/denials', '/changes', '/api-keys'))
        .map(([odd, below]) => `/v1/tenants/${odd}${below}`),
      fc.tuple(part, fc.constantFrom(...BELOW)).map(([odd, below]) => `/v1/tenants/acme/smtp-users/${odd}${below}`),
      fc.constantFrom(...BELOW).map((below) => user + below),
      fc.constantFrom(
        '/v1/tenants/acme/smtp-users',
        '/v1/tenants/acme/smtp-users/counts',
        '/v1/tenants/acme/denials',
        '/v1/tenants/acme/denials/histogram',
        '/v1/tenants/acme/denial-summaries',
        '/v1/tenants/acme/refusing-now',
        '/v1/tenants/acme/changes',
        '/v1/changes',
        '/v1/relay/policies',
        '/v1/tenants/acme/api-keys/x',
      ),
      part.map((odd) => `/v1/tenants/acme/api-keys/${odd}`),
      part.map((odd) => `http://x/${odd}`),
    );
    const query = fc
      .array(fc.tuple(fc.constantFrom(...NAMES), part), { maxLength: 3 })
      .map((pairs) => (pairs.length > 0 ? '?' : '') + pairs.map(([name, value]) => `${name}=${value}`).join('&'));
    const method = fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'HEAD',
      'DELETE',
      'PATCH',
      'PUT',
      'POST',
      'OPTIONS',
      'TRACE',
      'PURGE',
      'QUERY',
    );
    await fc.assert(
      fc.asyncProperty(method, paths, query, async (verb, path, search) => {
        const came = await atEveryDoor(verb, path + search);
        for (const { status, code } of came) {
          expect(status).toBeGreaterThanOrEqual(200);
          expect([status, code]).not.toEqual([500, expect.anything()]);
          expect(status).not.toBe(500);
        }
        // What may be done once only: the second door meets what the first one has done.
        if (verb !== 'GET' && verb !== 'HEAD') return;
        const [ofService, ofProxy, ofNginx = ofService] = came.map((each) => each.status);
        expect(ofProxy).toBe(ofService);
        // A byte that no URL has is 400 or 404 to Node, by the form of the target; to nginx it is part of a path.
        const isRefused = (status = 0) => status === 400 || status === 404;
        if (isRefused(ofService)) expect([ofNginx, isRefused(ofNginx)]).toEqual([ofNginx, true]);
        else expect(ofNginx).toBe(ofService);
      }),
      { numRuns: 300 },
    );
  });
});
