import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RelayReply, SmtpUserId, TenantId } from '@postern/contracts';
import { until } from '@postern/testing';
import { RelayClient } from './relay-client.js';
import { readPolicies, writePolicies } from './policies/policy-file.js';
import { MAX_LINE_BYTES } from './policies/snapshot.js';
import { Replica } from './replica/replica.js';
import type { RelayProblem } from './status.js';
import { BadSetting } from './settings.js';
import type { RelayClientSettings } from './settings.js';
import { TestControlPlane, frame, replyFrame } from './testing/control-plane.js';
import { policy } from './testing/policies.js';

const FAST = { retryBaseMs: 5, retryMaxMs: 40, refusedRetryMs: 40, flushIntervalMs: 10, saveEveryMs: 5 };

let plane: TestControlPlane;
let clients: RelayClient[];
let problems: RelayProblem[];
let dataDir: string;

beforeEach(async () => {
  plane = new TestControlPlane();
  clients = [];
  problems = [];
  dataDir = await mkdtemp(join(tmpdir(), 'postern-relay-'));
  await plane.listen();
  plane.set(policy('office@acme.example', { entries: ['203.0.113.0/24'] }));
  plane.set(policy('free@acme.example', { restricted: false, entries: [] }));
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop(50)));
  await rm(dataDir, { recursive: true });
  await plane.kill();
});

function clientOf(settings: Partial<RelayClientSettings> = {}): RelayClient {
  const base = {
    urls: [plane.url],
    key: plane.key,
    relayName: 'mx1',
    onProblem: (p: RelayProblem) => void problems.push(p),
  };
  const client = new RelayClient({ ...base, ...FAST, ...settings });
  clients.push(client);
  return client;
}

async function started(settings: Partial<RelayClientSettings> = {}): Promise<RelayClient> {
  const client = clientOf(settings);
  await client.start();
  await until(() => plane.openStreams === clients.length, 'the stream is open');
  return client;
}

const frameOf = (changes: Parameters<typeof policy>[1]): string =>
  frame(policy('office@acme.example', { ...changes, revision: 3 }));
const decisionOf = (client: RelayClient, username: string, ip = '203.0.113.9'): string => {
  const { decision, reason } = client.peek(username, ip);
  return `${decision} ${reason}`;
};
const codes = (): string[] => problems.map((problem) => problem.code);

describe('a relay client', () => {
  it('decides by the snapshot as soon as it has started, with the replies of the contract', async () => {
    const client = await started();
    expect(client.decide('OFFICE@acme.example', '203.0.113.9')).toEqual({
      decision: 'allow',
      reason: 'entry-matched',
      mode: 'enforce',
      matched: { range: '203.0.113.0/24', expiresAt: null },
      reply: null,
    });
    expect(client.decide('office@acme.example', '198.51.100.1').reply).toEqual({
      code: 535,
      enhanced: '5.7.1',
      text: 'IP not authorized',
    });
    expect(client.decide('nobody@acme.example', '203.0.113.9').reply).toEqual({
      code: 454,
      enhanced: '4.7.0',
      text: 'Temporary authentication failure',
    });
    expect(client.status()).toMatchObject({
      state: 'deciding',
      revision: 2,
      policies: 2,
      verified: true,
      unknownUsers: 1,
    });
  });

  describe('answers a denial with the reply of the SMTP user’s tenant', () => {
    const tenantId = 'acme' as TenantId;
    const own: RelayReply = { tenantId, text: 'not from {ip}', helpUrl: 'https://acme.example', opaque: false };
    const said = (client: RelayClient, ip = '198.51.100.1', username = 'office@acme.example') => {
      const reply = client.peek(username, ip).reply;
      return `${reply?.code} ${reply?.enhanced} ${reply?.text}`;
    };
    const BY_DEFAULT = '535 5.7.1 IP not authorized';

    it('with its text, the canonical address and the link, or opaquely, as soon as the stream sends the reply', async () => {
      plane.set(policy('other@shop.example', { tenantId: 'shop' as TenantId }));
      const client = await started();
      expect(said(client)).toBe(BY_DEFAULT);
      plane.heartbeat();
      plane.send(replyFrame(own));
      await until(() => said(client) !== BY_DEFAULT, 'the reply came');
      expect(said(client)).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
      expect(said(client, '::ffff:198.51.100.1')).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
      expect(said(client, '2001:DB8::0:1')).toBe('535 5.7.1 not from 2001:db8::1 https://acme.example');
      expect(said(client, 'x\r\n250 OK')).toBe('535 5.7.1 not from unknown https://acme.example');
      expect(said(client, '198.51.100.1', 'other@shop.example')).toBe(BY_DEFAULT);
      expect(client.peek('office@acme.example', '203.0.113.9').reply).toBeNull();
      plane.send(replyFrame({ ...own, opaque: true }));
      await until(() => said(client) === '535 5.7.8 Authentication failed', 'the opaque reply came');
      plane.send(replyFrame({ tenantId, text: 'IP not authorized', helpUrl: null, opaque: false }));
      await until(() => said(client) === BY_DEFAULT, 'the default came');
    });

    it('by the replies at the beginning of a stream, which replace the earlier ones when they are complete', async () => {
      plane.replies.set(tenantId, own);
      const client = await started();
      plane.heartbeat();
      await until(() => said(client) !== BY_DEFAULT, 'the reply came');
      plane.replies.clear();
      plane.greets = false;
      plane.breakStreams();
      await until(() => plane.resumedFrom.length === 2, 'it came again');
      expect(said(client)).not.toBe(BY_DEFAULT);
      await until(() => plane.openStreams === 1, 'the stream is open');
      plane.heartbeat();
      await until(() => said(client) === BY_DEFAULT, 'the reply is gone');
    });

    it('opaquely until a stream has sent all replies, for which the start waits', async () => {
      const opaquely = '535 5.7.8 Authentication failed';
      plane.greets = false;
      const client = clientOf();
      const starting = client.start().then(() => 'started');
      await until(() => plane.openStreams === 1, 'the stream is open');
      await until(() => client.status().state === 'deciding', 'the policies came');
      expect(said(client)).toBe(opaquely);
      plane.send('event: heartbeat\ndata: {}\n\n');
      await until(() => plane.resumedFrom.length === 2 && plane.openStreams === 1, 'it came again');
      expect(said(client)).toBe(opaquely);
      expect(await Promise.race([starting, Promise.resolve('waiting')])).toBe('waiting');
      plane.heartbeat();
      await starting;
      expect(said(client)).toBe(BY_DEFAULT);
    });

    it('by its last one, or opaquely without one, if a new stream begins with an unreadable reply', async () => {
      plane.set(policy('other@shop.example', { tenantId: 'shop' as TenantId }));
      plane.replies.set(tenantId, own);
      const client = await started();
      plane.replies.set(tenantId, { ...own, text: 'two\r\nlines' });
      plane.replies.set('shop', { ...own, tenantId: 'shop' as TenantId, text: '' });
      plane.breakStreams();
      await until(() => said(client, '198.51.100.1', 'other@shop.example') !== BY_DEFAULT, 'the replies are complete');
      expect(said(client, '198.51.100.1', 'other@shop.example')).toBe('535 5.7.8 Authentication failed');
      expect(said(client)).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
      expect(codes().filter((code) => code === 'policy-unreadable')).toHaveLength(2);
    });

    it('opaquely also after a restart, if the policies were saved before the replies came', async () => {
      plane.greets = false;
      const first = await started({ dataDir, startWithinMs: 20 });
      await until(() => first.status().policies === 2, 'the policies came');
      await first.stop();
      const client = clientOf({ urls: ['http://127.0.0.1:9'], dataDir, startWithinMs: 20 });
      await client.start();
      await until(() => client.status().state === 'deciding', 'the kept policies were read');
      expect(client.status()).toMatchObject({ state: 'deciding', policies: 2 });
      expect(said(client)).toBe('535 5.7.8 Authentication failed');
    });

    it('by the other saved replies if one is no longer valid; and the stream continues', async () => {
      plane.replies.set(tenantId, own);
      await (await started({ dataDir })).stop();
      const path = join(dataDir, 'policies');
      const kept = await readPolicies(path, Date.now);
      const replies = [{ ...own, tenantId: 'shop' as TenantId, text: 'two\r\nlines' }, ...(kept?.replies ?? [])];
      await writePolicies(path, kept?.replica ?? new Replica(), Date.now(), { list: () => replies });
      plane.greets = false;
      const client = clientOf({ dataDir });
      await client.start();
      expect(said(client)).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
      expect(codes()).toEqual(['last-known-good-unusable']);
      await until(() => client.status().connected || plane.openStreams === 1, 'the stream is open');
    });

    it('after a restart without a control plane, too', async () => {
      plane.replies.set(tenantId, own);
      const first = await started({ dataDir });
      plane.heartbeat();
      await until(() => said(first) !== BY_DEFAULT, 'the reply came');
      await first.stop();
      const second = clientOf({ urls: ['http://127.0.0.1:9'], dataDir });
      await second.start();
      expect(said(second)).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
    });

    it.each([
      [{ ...own, text: 'two\r\nlines' }],
      [{ ...own, text: '' }],
      [{ ...own, helpUrl: 'javascript:x' }],
      [{ ...own, opaque: 1 }],
      [{ ...own, tenantId: 7 }],
      [{ tenantId }],
    ])('by its last one if %j cannot be read; the stream continues', async (reply) => {
      const client = await started();
      plane.heartbeat();
      plane.send(replyFrame(own) + replyFrame(reply));
      await until(() => codes().includes('policy-unreadable'), 'it is reported');
      expect(said(client)).toBe('535 5.7.1 not from 198.51.100.1 https://acme.example');
      plane.set(policy('office@acme.example', { entries: ['198.51.100.1'] }));
      await until(
        () => decisionOf(client, 'office@acme.example', '198.51.100.1') === 'allow entry-matched',
        'the change',
      );
      expect(client.status()).toMatchObject({ connected: true, snapshots: 1, unreadablePolicies: 1 });
    });
  });

  it('defers before its first policies, and recovers when the control plane is available', async () => {
    const { port } = plane;
    await plane.kill();
    const client = clientOf({ urls: [`http://127.0.0.1:${port}`], startWithinMs: 20 });
    await client.start();
    expect(decisionOf(client, 'free@acme.example')).toBe('defer policy-stale');
    expect(codes()).toContain('control-plane-unreachable');
    const policies = plane.policies;
    plane = new TestControlPlane();
    for (const each of policies.values()) plane.set(each);
    await plane.listen(port);
    await until(() => decisionOf(client, 'free@acme.example') === 'allow unrestricted', 'policies came');
  });

  it('applies a change from the stream', async () => {
    const client = await started();
    plane.set(policy('office@acme.example', { entries: ['198.51.100.1'] }));
    await until(() => decisionOf(client, 'office@acme.example') === 'deny ip-not-authorized', 'the change is in force');
    plane.set(policy('office@acme.example', { removed: true, entries: [] }));
    await until(() => decisionOf(client, 'office@acme.example') === 'defer smtp-user-unknown', 'the user is gone');
    expect(client.status()).toMatchObject({ revision: 4, policies: 1 });
  });

  it('continues with the last policies when the stream breaks, and resumes from its revision', async () => {
    const client = await started();
    plane.set(policy('new@acme.example'));
    await until(() => client.status().revision === 3, 'the change is in force');
    plane.breakStreams();
    await until(() => client.status().reconnects > 0, 'it saw the break');
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
    await until(() => plane.resumedFrom.length === 2, 'it resumed');
    expect(plane.resumedFrom).toEqual(['2', '3']);
    expect(client.status().snapshots).toBe(1);
  });

  it('applies an event that breaks off only after resuming, completely', async () => {
    const client = await started();
    plane.send('id: 3\nevent: policy\ndata: {"username":"new@acme.example","tenantId":"acme",');
    plane.breakStreams();
    plane.set(policy('new@acme.example'));
    await until(
      () => decisionOf(client, 'new@acme.example', '203.0.113.42') === 'allow entry-matched',
      'the change is in force',
    );
    expect(client.status().unreadablePolicies).toBe(0);
  });

  it('reads frames that come byte by byte', async () => {
    const client = await started();
    plane.set(policy('new@acme.example'), { silently: true });
    const text = `id: 3\nevent: policy\ndata: ${JSON.stringify(policy('new@acme.example', { revision: 3 }))}\n\n`;
    for (const byte of text) {
      plane.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(
      () => decisionOf(client, 'new@acme.example', '203.0.113.42') === 'allow entry-matched',
      'the change is in force',
    );
    expect(client.status()).toMatchObject({ revision: 3, snapshots: 1 });
  });

  it('never decides by a snapshot that breaks off, first or later', async () => {
    const broken = (_: unknown, response: import('node:http').ServerResponse): void => {
      const { headers, body } = plane.snapshot();
      response.writeHead(200, headers);
      response.write(body.slice(0, body.indexOf('\n') + 10), () => response.destroy());
    };
    plane.onSnapshot.push(broken);
    const client = await started();
    expect(client.status()).toMatchObject({ snapshots: 1, policies: 2 });
    plane.onSnapshot.push(broken, broken);
    plane.send('event: reset\ndata: {}\n\n');
    await until(() => client.status().snapshots === 2, 'a whole one came');
    expect(codes().filter((code) => code === 'control-plane-unreachable')).toHaveLength(3);
    expect(decisionOf(client, 'free@acme.example')).toBe('allow unrestricted');
  });

  it.each([
    ['in pieces of seven bytes', 'a gzip stream', (text: string) => gzipSync(text), { 'content-encoding': 'gzip' }],
    ['in pieces of seven bytes', 'plain text', (text: string) => Buffer.from(text), {}],
  ])('reads a snapshot %s, as %s, with empty lines and no last line feed', async (_, __, encoded, encoding) => {
    plane.onSnapshot.push((_request, response) => {
      const { headers, body } = plane.snapshot();
      const bytes = encoded(`\n${body.replace('\n', '\n\n').trimEnd()}`);
      response.writeHead(200, { ...headers, ...encoding });
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    const client = await started();
    expect(client.status()).toMatchObject({ verified: true, policies: 2, snapshots: 1 });
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
  });

  it('refuses a snapshot with a line that never ends, before it has read it all', async () => {
    const client = await started();
    plane.onSnapshot.push((_request, response) => {
      response.writeHead(200, plane.snapshot().headers);
      const more = (error?: Error | null): void => void (error || response.write('x'.repeat(65_536), more));
      more();
    });
    plane.send('event: reset\ndata: {}\n\n');
    await until(() => codes().includes('policy-unreadable'), 'it was refused');
    await until(() => client.status().snapshots === 2, 'a whole one came');
    expect(client.status().unreadablePolicies).toBe(1);
  });

  it('refuses a snapshot that ends properly but is short', async () => {
    const client = await started();
    plane.onSnapshot.push((_, response) => {
      const { headers, body } = plane.snapshot();
      response.writeHead(200, headers).end(body.slice(0, body.indexOf('\n') + 1));
    });
    plane.send('event: reset\ndata: {}\n\n');
    await until(() => codes().includes('snapshot-refused'), 'it was refused');
    expect(decisionOf(client, 'free@acme.example')).toBe('allow unrestricted');
    await until(() => client.status().snapshots === 2, 'a whole one came');
  });

  it('trusts a snapshot without a digest only once a heartbeat has confirmed it, and keeps the old one until then', async () => {
    const client = await started();
    plane.announcesDigest = false;
    plane.greets = false;
    plane.onSnapshot.push((_, response) => {
      const { headers, body } = plane.snapshot();
      response.writeHead(200, headers).end(body.slice(0, body.indexOf('\n') + 1));
    });
    plane.send('event: reset\ndata: {}\n\n');
    await until(() => client.status().snapshots === 2 && plane.openStreams === 1, 'the short snapshot came');
    expect(decisionOf(client, 'free@acme.example')).toBe('allow unrestricted');
    plane.heartbeat();
    await until(() => client.status().digestMismatches === 1, 'the mismatch was seen');
    await until(() => client.status().snapshots === 3 && plane.openStreams === 1, 'a third snapshot came');
    plane.set(policy('new@acme.example'));
    plane.heartbeat();
    await until(
      () => decisionOf(client, 'new@acme.example', '203.0.113.42') === 'allow entry-matched',
      'it is in force',
    );
    expect(decisionOf(client, 'free@acme.example')).toBe('allow unrestricted');
  });

  it('lets no unknown user in by an unconfirmed first snapshot, not even while rolling out', async () => {
    plane.announcesDigest = false;
    plane.greets = false;
    const client = await started({ unknownUser: 'allow', startWithinMs: 20 });
    expect(decisionOf(client, 'nobody@acme.example')).toBe('defer smtp-user-unknown');
    plane.heartbeat();
    await until(() => client.status().verified, 'it is confirmed');
    expect(decisionOf(client, 'nobody@acme.example')).toBe('allow smtp-user-unknown');
    client.decide('nobody@acme.example', '203.0.113.9');
    expect(client.status().unknownUsers).toBe(1);
  });

  it('takes a new snapshot when a heartbeat shows that a change was lost', async () => {
    const client = await started();
    plane.set(policy('office@acme.example', { entries: ['198.51.100.1'] }), { silently: true });
    plane.heartbeat({ revision: 2 });
    await until(() => decisionOf(client, 'office@acme.example') === 'deny ip-not-authorized', 'the change is in force');
    expect(client.status()).toMatchObject({ digestMismatches: 1, snapshots: 2 });
  });

  it('takes a new snapshot when three heartbeats name a revision that never comes', async () => {
    const client = await started();
    plane.set(policy('late@acme.example'), { silently: true });
    plane.heartbeat();
    plane.heartbeat();
    plane.heartbeat();
    await until(
      () => decisionOf(client, 'late@acme.example', '203.0.113.42') === 'allow entry-matched',
      'the change is in force',
    );
    expect(client.status()).toMatchObject({ digestMismatches: 1, snapshots: 2 });
  });

  it.each([
    ['is no JSON', 'id: 3\nevent: policy\ndata: {"username"\n\n'],
    ['lacks a field', 'id: 3\nevent: policy\ndata: {"username":"office@acme.example"}\n\n'],
    [
      'has a range with host bits',
      `id: 3\nevent: policy\ndata: ${JSON.stringify(policy('office@acme.example', { revision: 3, entries: ['203.0.113.9/8'] }))}\n\n`,
    ],
    ['has a mapped range', frameOf({ entries: ['::ffff:1.2.3.4'] })],
    ['has a mapped range that reads as a wide one', frameOf({ entries: ['::ffff:1.2.0.0/16'] })],
    ['has a range in another spelling', frameOf({ entries: ['2001:DB8::1'] })],
    ['has a range with all mapped addresses in it', frameOf({ entries: ['::/64'] })],
    [
      'has a time without milliseconds',
      frameOf({ entries: [{ range: '203.0.113.9', expiresAt: '2999-01-01T00:00:00Z' }] }),
    ],
    [
      'has a time in another zone',
      frameOf({ entries: [{ range: '203.0.113.9', expiresAt: '2999-01-01T00:00:00.000+00' }] }),
    ],
    [
      'has a time that is no day',
      frameOf({ entries: [{ range: '203.0.113.9', expiresAt: '2999-02-30T00:00:00.000Z' }] }),
    ],
    ['has a time as a word', frameOf({ entries: [{ range: '203.0.113.9', expiresAt: '2999' }] })],
    ['has an id that is none', frameOf({ smtpUserId: 'app' as SmtpUserId })],
    ['never ends', `id: 3\nevent: policy\ndata: ${'x'.repeat(MAX_LINE_BYTES + 100_000)}`],
  ])('counts a frame that %s, and takes a new snapshot', async (_, bad) => {
    const client = await started();
    plane.send(bad);
    await until(() => client.status().snapshots === 2, 'a second snapshot came');
    expect(client.status().unreadablePolicies).toBe(1);
    expect(codes()).toContain('policy-unreadable');
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
  });

  it('shows how far the control plane is behind its journal, for as long as it is connected', async () => {
    const client = await started();
    expect(client.status()).toMatchObject({ lagEvents: null, lagSeconds: null });
    plane.heartbeat({ lagEvents: 3, lagSeconds: 61.5 });
    await until(() => client.status().lagEvents === 3, 'the heartbeat came');
    expect(client.status()).toMatchObject({ state: 'deciding', connected: true, lagSeconds: 61.5 });
    plane.heartbeat({ lagEvents: null, lagSeconds: null });
    await until(() => client.status().lagSeconds === null, 'it is not known');
    plane.heartbeat({ lagEvents: 3, lagSeconds: 62 });
    await until(() => client.status().lagEvents === 3, 'it is known');
    plane.breakStreams();
    await until(() => client.status().lagEvents === null, 'it is not known');
  });

  it('counts as contact only what it understands', async () => {
    let now = 0;
    const client = await started({ elapsed: () => now, whenStale: 'defer', maxStalenessMs: 1_000 });
    await until(() => client.status().connected, 'the first heartbeat came');
    now = 2_000;
    plane.send('event: later\ndata: {}\n\n');
    plane.send(replyFrame({ tenantId: 'acme' }));
    await until(() => codes().includes('policy-unreadable'), 'both came');
    expect(client.status().state).toBe('stale');
    plane.send(replyFrame({ tenantId: 'acme', text: 'no', helpUrl: null, opaque: false }));
    await until(() => client.status().state === 'deciding', 'a reply came');
    now = 4_000;
    expect(client.status().state).toBe('stale');
    plane.heartbeat();
    await until(() => client.status().state === 'deciding', 'a heartbeat came');
  });

  it('uses a snapshot that is older than its policies, and reports both revisions and the upstream', async () => {
    plane.set(policy('late@acme.example'), { silently: true });
    const client = await started();
    plane.policies.delete('late@acme.example');
    plane.revision = 2;
    plane.send('event: reset\ndata: {}\n\n');
    await until(() => client.status().snapshots === 2, 'the snapshot came');
    expect(decisionOf(client, 'late@acme.example')).toBe('defer smtp-user-unknown');
    const detail = `The snapshot of 127.0.0.1:${plane.port} is at revision 2, older than the policies in use at 3. `;
    expect(problems).toEqual([{ code: 'policies-went-back', detail: expect.stringContaining(detail) }]);
  });

  it('reconnects when the stream falls silent', async () => {
    const client = await started({ silenceMs: 60 });
    await until(() => plane.resumedFrom.length > 1, 'it reconnected');
    expect(problems.map((problem) => problem.detail).join()).toContain('silent');
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
  });

  it.each([
    ['the stream', 'onStream'],
    ['the snapshot', 'onSnapshot'],
  ] as const)('reports a web page in the place of %s, and comes back', async (_, requests) => {
    const client = await started();
    plane[requests].push((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'postern-revision': '2' }).end('<html>Sign in</html>'),
    );
    if (requests === 'onSnapshot') plane.send('event: reset\ndata: {}\n\n');
    else plane.breakStreams();
    await until(() => codes().includes('answer-unexpected'), 'it was reported');
    expect(problems.find(({ code }) => code === 'answer-unexpected')?.detail).toContain('text/html');
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
    await until(() => plane.openStreams === 1, 'it is back');
  });

  it('sends its name, its software and the number of waiting denials in each request', async () => {
    plane.onDenials.push((_, response) => void response.writeHead(503).end());
    const client = await started({ relayName: 'mxé 1', client: 'relay/7', foldWindowMs: 0 });
    for (const ip of ['198.51.100.1', '198.51.100.2']) client.decide('office@acme.example', ip);
    await until(() => client.status().acknowledgedDenials === 2, 'both denials acknowledged');
    plane.breakStreams();
    await until(() => plane.resumedFrom.length === 2, 'another stream');
    const headersOf = (path: string) =>
      plane.requests
        .filter((seen) => seen.path === path)
        .map(({ headers }) => [headers['user-agent'], headers['postern-relay'], headers['postern-denials-waiting']]);
    const relay = ['relay/7', 'mx%C3%A9%201'];
    expect(headersOf('/v1/relay/policies')).toEqual([[...relay, undefined]]);
    expect(headersOf('/v1/relay/policies/stream')).toEqual([
      [...relay, '0'],
      [...relay, '0'],
    ]);
    expect(headersOf('/v1/relay/auth-denials').at(-1)).toEqual([...relay, '0']);
  });

  it('sends the number of waiting denials when it opens a stream', async () => {
    const client = await started();
    const sent = new Promise<void>((done) => {
      // It is not answered.
      plane.onDenials.push(() => done());
    });
    client.decide('office@acme.example', '198.51.100.1');
    await sent;
    plane.breakStreams();
    await until(() => plane.resumedFrom.length === 2, 'another stream');
    const streams = plane.requests.filter(({ path }) => path === '/v1/relay/policies/stream');
    expect(streams.map(({ headers }) => headers['postern-denials-waiting'])).toEqual(['0', '1']);
  });

  it('connects with a new key at once, and sends the waiting denials', async () => {
    const client = await started({ refusedRetryMs: 3_600_000 });
    plane.key = 'pst_relay_new_secret';
    plane.breakStreams();
    client.decide('office@acme.example', '198.51.100.1');
    await until(() => client.status().keyRefused, 'the stream was refused');
    await until(() => client.status().denialsError !== null, 'the denial was refused');
    expect(() => client.setKey('two words')).toThrow(BadSetting);
    client.setKey(plane.key);
    await until(() => plane.openStreams === 1, 'it is connected');
    await until(() => client.status().acknowledgedDenials === 1, 'the denial arrived');
    plane.heartbeat();
    await until(() => client.status().connected, 'it is confirmed');
    expect(client.status()).toMatchObject({ keyRefused: false, denialsError: null, queuedDenials: 0 });
  });

  it('never throws from a decision, for any input and any failure', async () => {
    const onProblem = (): void => {
      throw new Error('The log is gone.');
    };
    const client = await started({ maxDenials: 1, onProblem });
    const odd = [undefined, null, 7, {}, '', '\0', '\ud800', 'x'.repeat(100_000), '203.0.113.9%eth0'] as string[];
    for (const text of odd) {
      expect(client.decide('office@acme.example', text)).toMatchObject({
        decision: 'deny',
        reason: 'source-ip-invalid',
      });
      expect(client.decide(text, '203.0.113.9')).toMatchObject({ decision: 'defer', reason: 'smtp-user-unknown' });
    }
    expect(client.status()).toMatchObject({ queuedDenials: 1, droppedDenials: 8 });
  });

  it('puts the SMTP user of the decision into a denial, also after the username has moved', async () => {
    const before = '0198c0de-0000-7000-8000-00000000000a' as SmtpUserId;
    const after = '0198c0de-0000-7000-8000-00000000000b' as SmtpUserId;
    plane.set(policy('moved@acme.example', { smtpUserId: before }));
    const client = await started();
    client.decide('moved@acme.example', '198.51.100.1');
    plane.set(policy('moved@acme.example', { smtpUserId: after }));
    await until(() => client.status().revision === plane.revision, 'the change is in force');
    client.decide('moved@acme.example', '198.51.100.1');
    await until(() => client.status().acknowledgedDenials === 2, 'both arrived');
    expect(plane.received.flat().map(({ smtpUserId, count }) => [smtpUserId, count])).toEqual([
      [before, 1],
      [after, 1],
    ]);
  });

  it('records a closed socket, which has no address, as an unreadable one', async () => {
    const client = await started();
    expect(client.decide('office@acme.example', undefined).reason).toBe('source-ip-invalid');
    await until(() => client.status().acknowledgedDenials === 1, 'the denial arrived');
    expect(plane.received.flat()).toMatchObject([{ ip: 'unknown', reason: 'source-ip-invalid' }]);
  });

  it('keeps its policies and reports it when its key is refused, and recovers when the key works', async () => {
    const client = await started();
    const { key } = plane;
    plane.key = 'pst_relay_other_secret';
    plane.breakStreams();
    await until(() => client.status().keyRefused, 'the refusal was noticed');
    expect(codes()).toContain('key-refused');
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
    plane.key = key;
    await until(() => client.status().connected || plane.openStreams > 0, 'it is back');
  });

  it('enforces the list when report-only ends, without the control plane, and records what it then refuses', async () => {
    const end = Date.parse('2026-12-01T08:00:00.000Z');
    let now = end - 60_000;
    const enforceAt = new Date(end).toISOString();
    plane.set(policy('trial@acme.example', { mode: 'report-only', enforceAt }));
    await (await started({ dataDir, clock: () => now })).stop();
    await plane.kill();
    const client = clientOf({ dataDir, clock: () => now });
    await client.start();
    const decide = () => client.decide('trial@acme.example', '198.51.100.1');
    now = end - 1;
    expect(decide()).toMatchObject({
      decision: 'allow',
      reason: 'ip-not-authorized',
      mode: 'report-only',
      reply: null,
    });
    now = end;
    expect(decide()).toMatchObject({
      decision: 'deny',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      reply: { code: 535 },
    });
    await plane.listen(Number(new URL(plane.url).port));
    await until(() => client.status().acknowledgedDenials === 2, 'both denials arrived');
    expect(plane.received.flat().map(({ mode, occurredAt }) => [mode, occurredAt])).toEqual([
      ['report-only', new Date(end - 1).toISOString()],
      ['enforce', enforceAt],
    ]);
  });

  it.each([
    ['continue' as const, 'allow entry-matched', 'deciding'],
    ['defer' as const, 'defer policy-stale', 'stale'],
  ])('with whenStale %s answers %s once its last contact is too old', async (whenStale, expected, state) => {
    let now = 5_000;
    // A wall clock that is set back makes nothing younger.
    let wall = Date.parse('2026-11-01T00:00:00Z');
    const client = await started({ whenStale, maxStalenessMs: 60_000, clock: () => wall, elapsed: () => now });
    wall = 0;
    plane.breakStreams();
    await plane.kill();
    now += 60_000;
    expect(decisionOf(client, 'office@acme.example')).toBe('allow entry-matched');
    now += 1;
    expect(decisionOf(client, 'office@acme.example')).toBe(expected);
    expect(client.status().state).toBe(state);
    await plane.listen();
  });

  it('decides at once from the last known good policies when it starts without the control plane', async () => {
    await (await started({ dataDir })).stop();
    const second = clientOf({ urls: ['http://127.0.0.1:9'], dataDir });
    await second.start();
    expect(decisionOf(second, 'office@acme.example')).toBe('allow entry-matched');
  });

  it('saves its first policies at once, so that a process killed in its first minute has them', async () => {
    await started({ dataDir, saveEveryMs: 3_600_000 });
    const path = join(dataDir, 'policies');
    await until(async () => (await readPolicies(path, Date.now).catch(() => null))?.revision === 2, 'they are kept');
    // The first client still runs: a killed process saves nothing at its end.
    const second = clientOf({ urls: ['http://127.0.0.1:9'], dataDir });
    await second.start();
    expect(second.peek('office@acme.example', '198.51.100.7').reason).toBe('ip-not-authorized');
  });

  it('does not write its policies again because it connected again', async () => {
    let now = Date.parse('2026-11-01T00:00:00Z');
    const client = await started({ dataDir, clock: () => now });
    const path = join(dataDir, 'policies');
    /** When the policies in the file were confirmed: later after each writing. Two looks, since one may have begun before the heartbeat. */
    const confirmedAt = async () => {
      plane.heartbeat();
      await until(() => client.status().lagEvents === 0, 'the heartbeat came');
      for (const _ of [1, 2]) {
        now += 5_000;
        await until(async () => (await stat(path).catch(() => null))?.mtimeMs === now, 'it was looked at');
      }
      return (await readPolicies(path, Date.now))?.contactAt;
    };
    const before = await confirmedAt();
    plane.breakStreams();
    await until(() => client.status().reconnects === 1 && client.status().connected, 'it has connected again');
    expect(await confirmedAt()).toBe(before);
  });

  it('decides by the last saved change after its process was killed', async () => {
    const client = await started({ dataDir });
    plane.set(policy('office@acme.example', { entries: ['198.51.100.1'] }));
    plane.heartbeat();
    await until(() => client.status().revision === 3, 'the change is in force');
    const path = join(dataDir, 'policies');
    await until(async () => (await readPolicies(path, Date.now).catch(() => null))?.revision === 3, 'it is kept');
    const second = clientOf({ urls: ['http://127.0.0.1:9'], dataDir });
    await second.start();
    expect(decisionOf(second, 'office@acme.example')).toBe('deny ip-not-authorized');
  });

  it.each([
    ['counts the time since they were kept', 'defer policy-stale', 60_001],
    ['decides by them while they are young enough', 'allow entry-matched', 60_000],
    ['does not trust a wall clock that was set back', 'defer policy-stale', -1],
  ])('%s when it starts from saved policies', async (_, expected, later) => {
    const kept = Date.parse('2026-11-01T00:00:00Z');
    const age = { whenStale: 'defer', maxStalenessMs: 60_000, elapsed: () => 1_000, dataDir } as const;
    await (await started({ ...age, clock: () => kept })).stop();
    const second = clientOf({ ...age, urls: ['http://127.0.0.1:9'], clock: () => kept + later });
    await second.start();
    expect(decisionOf(second, 'office@acme.example')).toBe(expected);
  });

  it('does not trust a wall clock that was set back to a time after the save, during which it had no contact', async () => {
    let now = Date.parse('2026-11-01T00:00:00Z');
    const age = {
      whenStale: 'defer',
      maxStalenessMs: 60_000,
      elapsed: () => 1_000,
      dataDir,
      clock: () => now,
    } as const;
    await (await started(age)).stop();
    now += 40_000;
    const urls = ['http://127.0.0.1:9'];
    const second = clientOf({ ...age, urls });
    await second.start();
    expect(decisionOf(second, 'office@acme.example')).toBe('allow entry-matched');
    now += 40_000;
    const path = join(dataDir, 'policies');
    await until(async () => (await stat(path)).mtimeMs === now, 'the time was seen');
    now -= 30_000;
    const third = clientOf({ ...age, urls });
    await third.start();
    expect(decisionOf(third, 'office@acme.example')).toBe('defer policy-stale');
  });

  it('does not decide by damaged saved policies, and saves the next ones', async () => {
    await (await started({ dataDir })).stop();
    const path = join(dataDir, 'policies');
    await writeFile(path, (await readFile(path)).subarray(4));
    const client = clientOf({ urls: ['http://127.0.0.1:9'], dataDir, startWithinMs: 10 });
    await client.start();
    expect(decisionOf(client, 'office@acme.example')).toBe('defer policy-stale');
    await until(() => codes().includes('last-known-good-unusable'), 'the damage is reported');
    await client.stop();
    const third = clientOf({ dataDir });
    await third.start();
    await third.stop();
    expect((await readPolicies(path, Date.now))?.revision).toBe(2);
  });

  it.each([
    [{ urls: ['postern.example'] }, 'urls'],
    [{ urls: [] }, 'urls'],
    [{ urls: ['https://postern.example/base'] }, 'without path'],
    [{ key: '' }, 'key'],
    [{ relayName: ' ' }, 'relayName'],
    [{ silenceMs: -1 }, 'silenceMs'],
    [{ foldWindowMs: -1 }, 'foldWindowMs'],
    [{ maxDenials: 0 }, 'maxDenials'],
    [{ unknownUser: 'Allow' as 'allow' }, 'unknownUser'],
    [{ whenStale: 'open' as 'defer' }, 'whenStale'],
  ])('refuses the settings %j, and names the bad one', (settings, name) => {
    expect(() => clientOf(settings)).toThrow(BadSetting);
    expect(() => clientOf(settings)).toThrow(name);
  });
});
