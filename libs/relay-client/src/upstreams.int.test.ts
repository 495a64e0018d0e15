import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeCertificate, until } from '@postern/testing';
import { RelayClient } from './relay-client.js';
import type { RelayClientSettings } from './settings.js';
import type { RelayProblem } from './status.js';
import { TestControlPlane } from './testing/control-plane.js';
import { policy } from './testing/policies.js';

let first: TestControlPlane;
let second: TestControlPlane;
let client: RelayClient;
let problems: RelayProblem[];
beforeEach(async () => {
  problems = [];
  [first, second] = [new TestControlPlane(), new TestControlPlane()];
  for (const plane of [first, second]) {
    await plane.listen();
    plane.set(policy('app@acme.example'));
  }
});
afterEach(async () => {
  await client.stop(50);
  await first.kill();
  await second.kill();
});

async function start(settings: Partial<RelayClientSettings> = {}): Promise<void> {
  client = new RelayClient({
    urls: [first.url, second.url],
    key: second.key,
    relayName: 'mx1',
    retryBaseMs: 5,
    retryMaxMs: 40,
    flushIntervalMs: 5,
    preferAgainMs: 20,
    onProblem: (problem) => void problems.push(problem),
    ...settings,
  });
  await client.start();
}
const decided = (ip = '203.0.113.42'): string => client.decide('app@acme.example', ip).decision;
const change = (to: TestControlPlane, range: string): void => to.set(policy('app@acme.example', { entries: [range] }));

describe('a relay client with several upstreams', () => {
  it('asks only the preferred one while it answers', async () => {
    await start();
    await until(() => first.openStreams === 1, 'the stream is open');
    expect(decided('198.51.100.1')).toBe('deny');
    await until(() => first.received.length === 1, 'the denial has arrived');
    expect([second.snapshotsServed, second.openStreams, second.received]).toEqual([0, 0, []]);
    expect(problems).toEqual([]);
  });

  it('starts from the next one if the preferred one cannot be reached, and reports that', async () => {
    await first.kill();
    await start();
    await until(() => second.openStreams === 1, 'the stream is open');
    expect(decided()).toBe('allow');
    expect(decided('198.51.100.1')).toBe('deny');
    await until(() => second.received.length === 1, 'the denial has arrived');
    expect(problems[0]).toEqual({
      code: 'control-plane-unreachable',
      detail: expect.stringContaining('The next upstream is used.'),
    });
    await first.listen();
  });

  it.each<[string, (plane: TestControlPlane) => void, string]>([
    ['refuses the key', (plane) => (plane.key = 'pst_relay_other_secret'), 'key-refused'],
    [
      'answers with a web page',
      (plane) =>
        plane.onSnapshot.push((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end()),
      'answer-unexpected',
    ],
    [
      'sends half a snapshot',
      (plane) => {
        plane.set(policy('other@acme.example'));
        plane.onSnapshot.push((_, response) => {
          const { headers, body } = plane.snapshot();
          response.writeHead(200, headers).end(body.slice(0, body.indexOf('\n') + 1));
        });
      },
      'snapshot-refused',
    ],
  ])('starts from the next one if the preferred one %s', async (_, misbehave, code) => {
    misbehave(first);
    await start({ preferAgainMs: 3_600_000 });
    await until(() => second.openStreams === 1, 'the stream is open');
    expect(decided()).toBe('allow');
    expect(problems.map((problem) => problem.code)).toContain(code);
  });

  it('switches to the next one when the stream breaks, and back when the preferred one is available again', async () => {
    const { port } = first;
    await start();
    await until(() => first.openStreams === 1, 'the stream is open');
    await first.kill();
    await until(() => second.openStreams === 1, 'the other one sends the changes');
    change(second, '198.51.100.1');
    await until(() => decided('198.51.100.1') === 'allow', 'a change comes from it');

    first = new TestControlPlane();
    change(first, '203.0.113.42');
    change(first, '198.51.100.1');
    await first.listen(port);
    await until(() => first.openStreams === 1 && second.openStreams === 0, 'it is back');
    change(first, '192.0.2.1');
    await until(() => decided('192.0.2.1') === 'allow', 'a change comes from the preferred one');
    expect(client.status()).toMatchObject({ digestMismatches: 0, snapshots: 1 });
  });

  it('keeps the stream of the other one while the preferred one is unavailable', async () => {
    await first.kill();
    await start({ preferAgainMs: 5 });
    await until(() => second.resumedFrom.length > 3, 'the preferred one was tried again');
    change(second, '198.51.100.1');
    await until(() => decided('198.51.100.1') === 'allow', 'a change came');
    expect(client.status()).toMatchObject({ state: 'deciding', reconnects: 0 });
    await first.listen();
  });

  it('sends a batch to the next one if the preferred one does not account for it, once', async () => {
    first.onDenials.push(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    );
    await start({ preferAgainMs: 3_600_000 });
    decided('198.51.100.1');
    await until(() => client.status().acknowledgedDenials === 1, 'it has arrived');
    expect([first.received.length, second.received.flat().length]).toEqual([0, 1]);
  });

  it('trusts the given authority, and presents its certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-tls-'));
    const { certFile, keyFile } = await makeCertificate(folder);
    const [cert, key] = await Promise.all([certFile, keyFile].map((file) => readFile(file, 'utf8')));
    const pem = { cert: cert ?? '', key: key ?? '' };
    const server = createServer({ ...pem, ca: pem.cert, requestCert: true, rejectUnauthorized: true });
    server.on('request', (request, response) => void first.server.emit('request', request, response));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const urls = [`https://127.0.0.1:${(server.address() as AddressInfo).port}`];

    await start({ urls, startWithinMs: 100 });
    expect(decided()).toBe('defer');
    await client.stop(0);
    await start({ urls, tls: { ca: pem.cert }, startWithinMs: 100 });
    expect(decided()).toBe('defer');
    await client.stop(0);
    await start({ urls, tls: { ca: pem.cert, ...pem } });
    expect(decided()).toBe('allow');
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
});
