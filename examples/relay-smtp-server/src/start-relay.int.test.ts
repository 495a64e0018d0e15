import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import { until } from '@postern/testing';
import { startRelay } from './index.js';
import type { RunningRelay } from './index.js';
import { followKeyFile } from './key-file.js';

const PASSWORD = 'correct horse battery staple';
const ID = '0198c0de-0000-7000-8000-000000000001';

interface Denial {
  username: string;
  ip: string;
  reason: string;
  relay: string;
}

let plane: Server;
let relay: RunningRelay;
let folder: string;
const denials: Denial[] = [];
const keys = new Set<string | undefined>();

async function takeDenials(request: IncomingMessage, response: ServerResponse): Promise<void> {
  denials.push(...(JSON.parse(await text(request)) as { denials: Denial[] }).denials);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"accepted":1,"duplicates":0,"rejected":[]}');
}

beforeAll(async () => {
  const user = (username: string, restricted: boolean, ranges: string[]): string => {
    const entries = ranges.map((range) => ({ range, expiresAt: null }));
    const common = {
      tenantId: 'acme',
      smtpUserId: ID,
      mode: 'enforce',
      enforceAt: null,
      version: 1,
      revision: 1,
      removed: false,
    };
    return JSON.stringify({ username, restricted, entries, ...common });
  };
  folder = await mkdtemp(join(tmpdir(), 'relay-'));
  plane = createServer((request, response) => {
    keys.add(request.headers.authorization);
    if (request.headers.authorization === 'Bearer pst_relay_old') return void response.writeHead(401).end();
    if (request.url === '/v1/relay/policies') {
      const lines = [user('app@acme.example', true, ['127.0.0.1']), user('free@acme.example', false, [])];
      response
        .writeHead(200, { 'content-type': 'application/x-ndjson', 'postern-revision': '1' })
        .end(lines.join('\n'));
    } else if (request.url === '/v1/relay/policies/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // What is no reply says that the replies before it, here none, are all.
      response.write(`event: policy\ndata: ${user('free@acme.example', false, [])}\n\n`);
    } else if (request.url === '/v1/relay/logins') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"duplicate":true}');
    } else {
      void takeDenials(request, response);
    }
  });
  await new Promise<void>((resolve) => plane.listen(0, '127.0.0.1', resolve));
  relay = await startRelay({
    port: 0,
    postern: { url: `http://127.0.0.1:${(plane.address() as AddressInfo).port}`, key: 'pst_relay_test' },
    relayName: 'mx1',
    users: {
      'app@acme.example': PASSWORD,
      'free@acme.example': PASSWORD,
      'unknown@acme.example': PASSWORD,
    },
    proxies: ['127.0.0.3'],
    client: { flushIntervalMs: 5 },
  });
});

afterAll(async () => {
  await relay.close();
  await rm(folder, { recursive: true });
  plane.closeAllConnections();
  await new Promise((resolve) => plane.close(resolve));
});

/** Sends a mail from a source address; gives the server's reply to what it refused, or `sent`. */
async function send(user: string, from: string, pass = PASSWORD): Promise<string> {
  const options = { host: '127.0.0.1', port: relay.port, localAddress: from, ignoreTLS: true, auth: { user, pass } };
  const transport = createTransport(options);
  try {
    await transport.sendMail({ from: user, to: 'you@example.com', subject: 'Hello', text: 'Hello' });
    return 'sent';
  } catch (error) {
    return (error as { response?: string }).response ?? String(error);
  } finally {
    transport.close();
  }
}

describe('the smtp-server relay', () => {
  it('takes mail from an address on the list', async () => {
    expect(await send('app@acme.example', '127.0.0.1')).toBe('sent');
    expect(await send('APP@acme.example', '127.0.0.1')).toBe('sent');
  });

  it('refuses the right password from another address, in the words of the contract, and puts it on record', async () => {
    expect(await send('app@acme.example', '127.0.0.2')).toBe('535 5.7.1 IP not authorized');
    await until(() => relay.status().acknowledgedDenials >= 1);
    expect(denials).toEqual([
      expect.objectContaining({
        username: 'app@acme.example',
        ip: '127.0.0.2',
        reason: 'ip-not-authorized',
        relay: 'mx1',
      }),
    ]);
  });

  it('answers a wrong password as ever, wherever it comes from, and puts nothing on record', async () => {
    const reply = '535 5.7.8 Authentication credentials invalid';
    expect(await send('app@acme.example', '127.0.0.2', 'wrong')).toBe(reply);
    expect(await send('app@acme.example', '127.0.0.1', 'wrong')).toBe(reply);
    expect(await send('nobody@acme.example', '127.0.0.1')).toBe(reply);
    expect(relay.status()).toMatchObject({ queuedDenials: 0, unknownUsers: 0 });
    expect(denials).toHaveLength(1);
  });

  it('lets an unrestricted user in from anywhere', async () => {
    expect(await send('free@acme.example', '127.0.0.2')).toBe('sent');
  });

  it('defers a user whom Postern does not know', async () => {
    expect(await send('unknown@acme.example', '127.0.0.1')).toBe('454 4.7.0 Temporary authentication failure');
  });

  it('offers no mechanism that would go past the password check', async () => {
    const socket = connect(relay.port, '127.0.0.1');
    await once(socket, 'readable');
    socket.write('EHLO client.example\r\nQUIT\r\n');
    expect(await text(socket)).toMatch(/^250[- ]AUTH (PLAIN LOGIN|LOGIN PLAIN)\r$/m);
  });

  it('takes no passwords in the clear beyond loopback', async () => {
    const options = {
      port: 0,
      host: '0.0.0.0',
      postern: { url: 'http://127.0.0.1:9', key: 'k' },
      relayName: 'mx',
      users: {},
    };
    await expect(startRelay(options)).rejects.toThrow('unencrypted');
  });

  /** What a balancer at 127.0.0.3 gets for a login after the header. */
  async function loginThrough(header: string): Promise<string> {
    const socket = connect({ port: relay.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    socket.on('error', () => undefined);
    const login = Buffer.from(`\0app@acme.example\0${PASSWORD}`).toString('base64');
    socket.write(header);
    // smtp-server ends a connection that talks before its greeting.
    await once(socket, 'readable').catch(() => undefined);
    const answers = text(socket).catch(() => 'closed');
    socket.write(`EHLO client.example\r\nAUTH PLAIN ${login}\r\nQUIT\r\n`);
    return /^(?:235|535|454).*(?=\r$)/m.exec(await answers)?.[0] ?? 'closed';
  }

  it('takes the client from the PROXY header of a balancer, and the address of nobody from one that names no client', async () => {
    expect(await loginThrough('PROXY TCP4 127.0.0.1 127.0.0.1 1 25\r\n')).toMatch(/^235 /);
    const before = denials.length;
    expect(await loginThrough('PROXY UNKNOWN\r\n')).toBe('535 5.7.1 IP not authorized');
    await until(() => denials.length > before);
    expect(denials[before]).toMatchObject({ ip: 'unknown', reason: 'source-ip-invalid' });
  });

  it('closes a balancer’s connection that begins without a PROXY header, and takes one from nobody else', async () => {
    expect(await loginThrough('EHLO client.example\r\n')).toBe('closed');
    const socket = connect(relay.port, '127.0.0.1');
    await once(socket, 'readable');
    socket.write('PROXY TCP4 127.0.0.1 127.0.0.1 1 25\r\nQUIT\r\n');
    expect(await text(socket)).toMatch(/^500 /m);
  });

  it('takes another key from a file that changes, and keeps the last one where the file has none', async () => {
    const path = join(folder, 'key');
    await writeFile(path, 'pst_relay_old\n');
    const { port } = plane.address() as AddressInfo;
    const postern = { url: `http://127.0.0.1:${port}`, key: 'pst_relay_old' };
    const other = await startRelay({ port: 0, postern, relayName: 'mx2', users: {}, client: { startWithinMs: 1 } });
    const problems = jest.spyOn(console, 'error').mockReturnValue();
    const unfollow = followKeyFile(path, other.setKey, 10);
    try {
      await until(() => keys.has('Bearer pst_relay_old'));
      await writeFile(`${path}.new`, 'pst_relay_new\n');
      await rename(`${path}.new`, path);
      await until(() => keys.has('Bearer pst_relay_new'));
      await writeFile(path, '');
      await until(() => problems.mock.calls.length > 0);
      expect(problems).toHaveBeenCalledWith(expect.stringContaining('the old one stays in use'));
      expect(keys).not.toContain('Bearer ');
    } finally {
      unfollow();
      problems.mockRestore();
      await other.close();
    }
  });
});
