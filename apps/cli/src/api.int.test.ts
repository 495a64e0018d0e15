import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionOf } from './connection.js';
import { PosternApi } from './api.js';

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A connection to a server that behaves as no healthy Postern does. */
async function api(handler: Handler, timeout = 10_000): Promise<PosternApi> {
  let attempt = 0;
  const server = createServer((request, response) => handler(request, response, (attempt += 1)));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new PosternApi(connectionOf({ url, timeout }, { POSTERN_KEY: 'pst_admin_x_0123456789abcdef' }));
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

describe('a request', () => {
  it('whose answer is lost is repeated with the same Idempotency-Key and body', async () => {
    const seen: unknown[] = [];
    const postern = await api((request, response, attempt) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push([request.headers['idempotency-key'], request.headers['if-match'], body]);
        if (attempt === 3) return void json(response, 201, { id: 'acme' }, { 'postern-version': '7' });
        // The second one is lost in the midst of the answer.
        if (attempt === 2) response.writeHead(201, { 'content-length': '100' }).write('{"id":');
        request.socket.end();
      });
    });
    const options = { body: { id: 'acme' }, ifVersion: 6 };
    expect(await postern.write('POST', '/v1/tenants', options)).toEqual({ body: { id: 'acme' }, version: 7 });
    const [first] = seen as [string, string, string][];
    expect(first).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), '"6"', '{"id":"acme"}']);
    expect(seen).toEqual([first, first, first]);
  });

  it('to a busy Postern is repeated after Retry-After, four times at most', async () => {
    let attempts = 0;
    const busy = { code: 'too-many-requests', title: 'Too many requests', status: 429 };
    const postern = await api((_, response, attempt) => {
      attempts = attempt;
      json(response, 429, busy, { 'retry-after': '0' });
    });
    await expect(postern.get('/v1/tenants')).rejects.toMatchObject({ problem: busy, exitCode: 4 });
    expect(attempts).toBe(4);
  });

  it('that is refused is not repeated', async () => {
    let attempts = 0;
    const problem = { code: 'tenant-exists', title: 'It exists', status: 409 };
    const postern = await api((_, response, attempt) => {
      attempts = attempt;
      json(response, 409, problem);
    });
    await expect(postern.write('POST', '/v1/tenants', { body: {} })).rejects.toMatchObject({ problem, exitCode: 3 });
    expect(attempts).toBe(1);
  });

  it('that is never answered ends by the time-out', async () => {
    const postern = await api(() => undefined, 300);
    await expect(postern.get('/v1/tenants')).rejects.toThrow(
      /did not answer within 0\.3 s\. To wait longer, use --timeout\.$/,
    );
  });

  it('does not wait for a Retry-After beyond the time-out', async () => {
    const busy = { code: 'not-ready', title: 'Not ready', status: 503 };
    const postern = await api((_, response) => json(response, 503, busy, { 'retry-after': '3600' }));
    await expect(postern.get('/v1/tenants')).rejects.toMatchObject({ problem: busy });
  });

  it('answered by something else says so, and where that points', async () => {
    const page = await api((_, response) => response.writeHead(200).end('<html>'));
    await expect(page.get('/v1/tenants')).rejects.toThrow(/but not as Postern does\. Is POSTERN_URL or --url right\?$/);
    const moved = await api((_, response) => response.writeHead(301, { location: 'https://p.example/' }).end());
    await expect(moved.write('POST', '/v1/tenants')).rejects.toThrow(
      /but not as Postern does\. It redirects to https:\/\/p\.example\/: set POSTERN_URL to that address\.$/,
    );
  });
});
