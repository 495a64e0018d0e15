import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { describeWithNginx, startNginx, until } from '@postern/testing';
import { loadSettings } from '@postern/settings';
import { startProxy } from './proxy.js';
import { SERVICES, type Service } from './routes.js';
import { send, StandIn } from './testing/stand-in.js';

type Urls = Readonly<Record<Service, readonly string[]>>;
interface Edge {
  readonly url: string;
  stop(): Promise<void>;
}

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop();
});

async function service(answer?: RequestListener): Promise<StandIn> {
  const started = await StandIn.start(answer);
  running.push(started);
  return started;
}

/** Port 9 is `discard`, where nobody listens. */
const NOBODY = 'http://127.0.0.1:9';
const breaksOff: RequestListener = (request) => request.socket.destroy();
const problemOf = ({ status, body }: { status: number | undefined; body: string }) => [status, JSON.parse(body).code];

describe('the proxy of `npm run services`', () => {
  holdEdge((urls) => startProxy(loadSettings({ POSTERN_HTTP_PORT: '0', POSTERN_LOG_LEVEL: 'silent' }), urls));
});

describeWithNginx(describe, 'nginx', () => {
  holdEdge(startNginx);

  it('refuses what is too large, and what it cannot read, as a service does', async () => {
    const { url } = await startEdge(startNginx, {});
    const large = await send(url, '/v1/tenants', { 'content-type': 'application/json' }, 'POST', 'x'.repeat(1_048_577));
    expect(problemOf(large)).toEqual([413, 'body-too-large']);
    expect(problemOf(await send(url, `/v1/${'x'.repeat(16_400)}`))).toEqual([431, 'headers-too-large']);
    expect(problemOf(await send(url, '/v1/my-ip', { 'x-long': 'x'.repeat(16_400) }))).toEqual([
      431,
      'headers-too-large',
    ]);
    const unreadable = await send(url, '/v1/my-ip', { host: 'a b' });
    expect(problemOf(unreadable)).toEqual([400, 'request-malformed']);
    expect(unreadable.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': JSON.parse(unreadable.body).requestId,
    });
  });

  it('adds no header to the answer of a service', async () => {
    const projection = await service((_, response) => response.setHeader('cache-control', 'private').end('{}'));
    const { url } = await startEdge(startNginx, { 'projection-service': [projection.url] });
    const { headers } = await send(url, '/v1/my-ip');
    expect(headers).toMatchObject({ 'cache-control': 'private', 'x-request-id': 'of-the-service' });
    expect(headers).not.toHaveProperty('x-content-type-options');
  });

  it('sends a write to another instance where the first cannot be reached, if nginx can know it by the method', async () => {
    const there = await service();
    for (const method of ['POST', 'PATCH']) {
      const { url } = await startEdge(startNginx, { 'command-service': [NOBODY, there.url, NOBODY] });
      for (let i = 0; i < 6; i++) expect((await send(url, '/v1/tenants', {}, method, '{}')).status).toBe(200);
    }
  });
});

/** Services that are not named have nobody to answer. */
async function startEdge(start: (urls: Urls) => Promise<Edge>, urls: Partial<Urls>): Promise<Edge> {
  const all = Object.fromEntries(SERVICES.map((each) => [each, urls[each] ?? [NOBODY]])) as unknown as Urls;
  const edge = await start(all);
  running.push(edge);
  return edge;
}

function holdEdge(start: (urls: Urls) => Promise<Edge>): void {
  const edge = (urls: Partial<Urls>) => startEdge(start, urls);

  it('passes the caller’s address to a service, and nothing that a client says about it', async () => {
    const projection = await service();
    const { url } = await edge({ 'projection-service': [projection.url] });
    const answer = await send(url, '/v1/my-ip', {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      forwarded: 'for=203.0.113.9',
      'x-request-id': 'mine',
      connection: 'close, x-own',
      te: 'trailers',
    });
    expect(projection.requests[0]?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      // A browser's Origin is compared with it.
      host: new URL(url).host,
      'x-request-id': 'mine',
    });
    expect(projection.requests[0]?.headers).not.toHaveProperty('forwarded');
    expect(projection.requests[0]?.headers).not.toHaveProperty('te');
    expect([answer.headers.connection, answer.headers['keep-alive']]).toEqual(['close', undefined]);
  });

  it('passes on a request as it came: path, query, body, key and preconditions', async () => {
    const command = await service((_, response) => response.writeHead(201, { etag: '"7"' }).end('{"id":"acme"}'));
    const { url } = await edge({ 'command-service': [command.url] });
    const headers = {
      authorization: 'Bearer pst_x',
      'content-type': 'application/json; charset=utf-8',
      'idempotency-key': 'k1',
      'if-match': '"6"',
      'postern-min-version': '6',
    };
    const target = '/v1/tenants/a%20B;~?a=%20b&a=c?d';
    const answer = await send(url, target, headers, 'PUT', '{ "id": "acme" }');
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([201, '"7"', '{"id":"acme"}']);
    expect(command.requests).toEqual([
      { method: 'PUT', url: target, body: '{ "id": "acme" }', headers: expect.objectContaining(headers) },
    ]);
  });

  it('sends a read to another instance where one breaks off before it answers', async () => {
    const [broken, there] = [await service(breaksOff), await service()];
    const { url } = await edge({ 'projection-service': [broken.url, there.url, NOBODY] });
    for (let i = 0; i < 6; i++) expect((await send(url, '/v1/my-ip')).status).toBe(200);
    expect(there.requests).toHaveLength(6);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'sends a %s once: where it breaks off, nobody knows whether it was carried out',
    async (method) => {
      const [one, other] = [await service(breaksOff), await service(breaksOff)];
      const { url } = await edge({ 'command-service': [one.url, other.url] });
      const answer = await send(url, '/v1/tenants', {}, method, '{}');
      expect([...problemOf(answer), answer.headers['retry-after']]).toEqual([503, 'not-ready', '1']);
      expect(JSON.parse(answer.body).detail).toContain('Idempotency-Key');
      expect([...one.requests, ...other.requests]).toHaveLength(1);
    },
  );

  it('answers 503 where a service is away, and says in its readiness which', async () => {
    const [command, projection] = [await service(), await service()];
    const { url } = await edge({ 'command-service': [command.url], 'projection-service': [projection.url] });
    expect(problemOf(await send(url, '/v1/changes'))).toEqual([503, 'not-ready']);
    const ready = await until(
      () => send(url, '/health/ready'),
      'readiness names the service',
      ({ body }) =>
        JSON.parse(body).detail.includes('audit-trail-service') && !JSON.parse(body).detail.includes('command'),
    );
    expect(problemOf(ready)).toEqual([503, 'not-ready']);
    expect((await send(url, '/health/live')).status).toBe(200);
  });

  it('has no route to metrics, and none to what nobody has', async () => {
    const all = await service();
    const { url } = await edge(Object.fromEntries(SERVICES.map((each) => [each, [all.url]])));
    for (const path of ['/metrics', '/v1/%2e%2e/metrics', '/ready/command-service', '/nothing', '/health/'])
      expect([path, ...problemOf(await send(url, path))]).toEqual([path, 404, 'route-not-found']);
    expect(all.requests).toEqual([]);
  });

  it('brings the pages of the dashboard and their files to the projection-service, and nothing next to them', async () => {
    const projection = await service();
    const { url } = await edge({ 'projection-service': [projection.url] });
    const pages = ['/', '/?from=mail', '/sign-in?next=%2F', '/t/acme/smtp-users?query=a%20b', '/operator/relays'];
    const paths = [...pages, '/help/ip-not-authorized', '/assets/index-abc.js'];
    for (const path of paths)
      for (const method of ['GET', 'HEAD']) expect((await send(url, path, {}, method)).status).toBe(200);
    expect(projection.requests.map((request) => request.url)).toEqual(paths.flatMap((path) => [path, path]));
    for (const path of ['/t', '/operator', '/help', '/assets', '/sign-in/x', '/index.html', '/favicon.ico'])
      expect([path, ...problemOf(await send(url, path))]).toEqual([path, 404, 'route-not-found']);
    expect(projection.requests).toHaveLength(2 * paths.length);
  });

  it('cuts an answer off that its service cuts off', async () => {
    const audit = await service((_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' }).write('a,b\r\n');
      setImmediate(() => response.destroy());
    });
    const { url } = await edge({ 'audit-trail-service': [audit.url] });
    await expect(send(url, '/v1/changes', { accept: 'text/csv' })).rejects.toThrow('aborted');
  });

  it('passes on an event as it is written, and ends the stream at its service when the client leaves', async () => {
    let left: () => void = () => undefined;
    const gone = new Promise<void>((done) => (left = done));
    const projection = await service((_, response) => {
      response.once('close', left);
      // Nothing more is ever written: what arrives was not held back.
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\n\n');
    });
    const { url } = await edge({ 'projection-service': [projection.url] });
    const client = new AbortController();
    const answer = await fetch(`${url}/v1/relay/policies/stream`, { signal: client.signal });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('id: 1\n\n');
    client.abort();
    await gone;
  });

  it('ends a stream when it stops itself', async () => {
    const projection = await service((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\n\n'),
    );
    const { url, stop } = await edge({ 'projection-service': [projection.url] });
    const answer = await fetch(`${url}/v1/relay/policies/stream`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const ends = reader.read().then(
      ({ done }) => done,
      () => true,
    );
    await stop();
    running.pop();
    expect(await ends).toBe(true);
  });
}
