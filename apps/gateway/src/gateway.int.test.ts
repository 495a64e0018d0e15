import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { freePort } from '@postern/embedded-kafka';
import type { Running } from '@postern/process';
import type { UpstreamUrls } from './gateway-settings.js';
import { gatewayBefore, Service } from './testing/gateway-before.js';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop();
});

async function service(answer: RequestListener = (_, response) => response.end('{}'), port = 0): Promise<Service> {
  const started = await Service.start(answer, port);
  running.push(started);
  return started;
}

async function gateway(urls: Partial<UpstreamUrls>, environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const started = await gatewayBefore(urls, environment);
  running.push(started);
  return started;
}

const nobody = async () => `http://127.0.0.1:${await freePort()}`;

/** Path and headers are sent just as they are given: fetch would mend the one and refuse the other. */
async function send(url: string, path: string, headers: Record<string, string>, method = 'GET', body = '') {
  const { hostname, port } = new URL(url);
  const sent = httpRequest({ hostname, port, path, method, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() };
}

describe('what a service is told by the gateway', () => {
  it('is who asks, as the gateway sees it: what a client says of itself does not pass', async () => {
    const projection = await service();
    const { url } = await gateway({ 'projection-service': [projection.url] });
    const forged = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    await send(url, '/v1/my-ip', { ...forged, 'x-forwarded-host': 'evil', 'x-request-id': 'mine' });
    const [{ headers } = { headers: {} }] = projection.asked;
    expect({ ...headers, host: 'service' }).toEqual({
      host: 'service',
      connection: 'keep-alive',
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': 'mine',
    });
  });

  it('is who asked the proxy before it, where that one is trusted', async () => {
    const projection = await service();
    const { url } = await gateway({ 'projection-service': [projection.url] }, { POSTERN_TRUSTED_PROXIES: '127.0.0.1' });
    await send(url, '/v1/my-ip', { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' });
    expect(projection.asked[0]?.headers['x-forwarded-for']).toBe('203.0.113.9');
  });

  it('is the request as it came: path, query, body, keys and preconditions', async () => {
    const command = await service((_, response) =>
      response.writeHead(201, { etag: '"7"', 'content-type': 'application/json' }).end('{"id":"acme"}'),
    );
    const { url } = await gateway({ 'command-service': [command.url] });
    const headers = {
      authorization: 'Bearer pst_x',
      'content-type': 'application/json; charset=utf-8',
      'idempotency-key': 'k1',
      'if-match': '"6"',
      'postern-min-version': '6',
    };
    const answer = await send(url, '/v1/tenants?a=%20b&a=c', headers, 'POST', '{ "id": "acme" }');
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([201, '"7"', '{"id":"acme"}']);
    const [asked] = command.asked;
    expect([asked?.method, asked?.url, asked?.body]).toEqual(['POST', '/v1/tenants?a=%20b&a=c', '{ "id": "acme" }']);
    expect(asked?.headers).toMatchObject(headers);
  });

  it('is no body of a GET, and nothing that is of the connection alone', async () => {
    const projection = await service();
    const { url } = await gateway({ 'projection-service': [projection.url] });
    const headers = { expect: '100-continue', te: 'trailers', connection: 'close, x-own', 'x-own': '1' };
    const { status } = await send(url, '/v1/relay/policies', { ...headers, 'content-length': '3' }, 'GET', 'abc');
    expect(status).toBe(200);
    expect(Object.keys(projection.asked[0]?.headers ?? {}).sort()).toEqual([
      'connection',
      'host',
      'x-forwarded-for',
      'x-request-id',
    ]);
  });

  it('is no path that leaves its place, and no body above 1 MiB', async () => {
    const [command, projection] = [await service(), await service()];
    const { url } = await gateway({ 'command-service': [command.url], 'projection-service': [projection.url] });
    for (const path of ['/v1/relay/../tenants', '/v1/relay/%2e%2E/tenants', '/v1/..%2fmetrics'])
      expect([path, JSON.parse((await send(url, path, {})).body)]).toEqual([
        path,
        expect.objectContaining({ status: 404, code: 'route-not-found' }),
      ]);
    const large = await send(url, '/v1/tenants', { 'content-type': 'application/json' }, 'POST', 'x'.repeat(1_048_577));
    expect([large.status, JSON.parse(large.body).code]).toEqual([413, 'body-too-large']);
    expect([...command.asked, ...projection.asked]).toEqual([]);
  });
});

describe('an instance that fails', () => {
  it('is passed over, for writes too, where nothing of the request has reached it', async () => {
    const there = await service((_, response) => response.end('{"from":"the other"}'));
    const gone = await Promise.all([nobody(), nobody()]);
    const { url } = await gateway({ 'command-service': [gone[0] ?? '', there.url, gone[1] ?? ''] });
    for (let i = 0; i < 5; i++)
      expect((await send(url, '/v1/tenants', {}, 'POST', '{}')).body).toBe('{"from":"the other"}');
    expect(there.asked).toHaveLength(5);
  });

  it('is passed over by reads where it breaks off before it answers; of a write, nobody knows', async () => {
    const broken = await service((request) => request.socket.destroy());
    const there = await service();
    // The one with the fewest open requests is asked, and of equals the first.
    const { url } = await gateway({ 'projection-service': [broken.url, there.url], 'command-service': [broken.url] });
    expect((await send(url, '/v1/my-ip', {})).status).toBe(200);
    const write = await send(url, '/v1/tenants', {}, 'POST', '{}');
    expect([write.status, write.headers['retry-after'], JSON.parse(write.body).detail]).toEqual([
      503,
      '1',
      'The command-service broke off before it answered; whether the request was carried out is not known. Send it again with the same Idempotency-Key.',
    ]);
    expect(broken.asked.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('is passed over while it closes, and its own 503 is an answer', async () => {
    const closing = await service((_, response) =>
      response
        .writeHead(503, { 'content-type': 'application/json', 'content-length': '2', connection: 'close' })
        .end('{}'),
    );
    const full = await service((_, response) =>
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"code":"read-side-behind"}'),
    );
    const { url } = await gateway({ 'projection-service': [closing.url, full.url] });
    const answer = await send(url, '/v1/my-ip', {});
    expect([answer.status, answer.body]).toEqual([503, '{"code":"read-side-behind"}']);
    expect([closing.asked.length, full.asked.length]).toEqual([1, 1]);
  });

  it('is told by readiness and in a problem where there is no other, and is used again when it is back', async () => {
    const port = await freePort();
    const { url } = await gateway({ 'command-service': [`http://127.0.0.1:${port}`] });
    const refused = await send(url, '/v1/tenants', {}, 'POST', '{}');
    expect([refused.status, JSON.parse(refused.body).detail]).toEqual([
      503,
      'No instance of the command-service can be reached. Send it again shortly.',
    ]);
    const ready = async () => JSON.parse((await send(url, '/health/ready', {})).body).missing;
    for (let i = 0; i < 200 && !/ECONNREFUSED/.test((await ready())['command-service']); i++);
    expect((await ready())['command-service']).toBe(`http://127.0.0.1:${port}: ECONNREFUSED`);
    await service(undefined, port);
    expect((await send(url, '/v1/tenants', {}, 'POST', '{}')).status).toBe(200);
  });
});

describe('an answer that is long', () => {
  it('that its service cuts off is cut off for the client too', async () => {
    const audit = await service((_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' }).write('a,b\r\n');
      setImmediate(() => response.destroy());
    });
    const { url } = await gateway({ 'audit-trail-service': [audit.url] });
    await expect(send(url, '/v1/changes', { accept: 'text/csv' })).rejects.toThrow('aborted');
  });

  it('arrives as it is written, and an event stream ends whole when the gateway stops', async () => {
    const projection = await service((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\n\n'),
    );
    const { url, stop } = await gatewayBefore({ 'projection-service': [projection.url] });
    const answer = await fetch(`${url}/v1/relay/policies/stream`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    // Nothing more is ever written: so it was not held back.
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('id: 1\n\n');
    const [rest] = await Promise.all([reader.read(), stop()]);
    expect(rest).toEqual({ done: true, value: undefined });
  });

  it('ends at its service when the client leaves', async () => {
    let left: () => void = () => undefined;
    const gone = new Promise<void>((done) => (left = done));
    const projection = await service((_, response) => {
      response.once('close', left);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    });
    const { url } = await gateway({ 'projection-service': [projection.url] });
    const client = new AbortController();
    await fetch(`${url}/v1/relay/policies/stream`, { signal: client.signal });
    client.abort();
    await gone;
    expect(projection.asked).toHaveLength(1);
  });
});
