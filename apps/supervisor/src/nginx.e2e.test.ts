import { afterAll, beforeAll, expect, it, describe } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEmbeddedPostgres } from '@postern/embedded-postgres';
import {
  asking,
  describeWithNginx,
  startNginx,
  startPosternProcess,
  type Ask,
  type Nginx,
  type PosternProcess,
  until,
  instancesOf,
  metricOf,
  missingOf,
  sendSignal,
  onDatabase,
} from '@postern/testing';
import { RelayClient } from '@postern/relay-client';
import { SERVICES } from './routes.js';

const document = JSON.parse(await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
};
/** Of each process; the edge answers them itself or not at all. */
const OF_A_PROCESS = new Set(['/metrics', '/health/live', '/health/ready']);
interface Relay {
  readonly name: string;
  readonly connected: boolean;
  readonly instance: string | null;
}
interface Process {
  readonly name: string;
  readonly instance: string;
  readonly state: string;
}
const ANY_ID = '01a20ae6-f24f-7793-ac66-e5da32839d9c';
const ROUTES = Object.entries(document.paths)
  .filter(([path]) => !OF_A_PROCESS.has(path))
  .flatMap(([path, operations]) => Object.keys(operations).map((method) => [method.toUpperCase(), path] as const));

describeWithNginx(describe, 'nginx in front of two of each service', () => {
  let folder: string;
  let postern: PosternProcess;
  let nginx: Nginx;
  let operator: Ask;
  let admin: Ask;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-behind-nginx-'));
    postern = await startPosternProcess({ POSTERN_DATA_DIR: folder }, 'supervisor', ['--instances', '2']);
    const urls = SERVICES.map((service) => [service, instancesOf(postern, service).map(({ url }) => url)]);
    nginx = await startNginx(Object.fromEntries(urls) as Parameters<typeof startNginx>[0]);
    operator = asking(nginx.url, postern.operatorKey ?? '');
    await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
    admin = asking(nginx.url, (await newKey('admin')).key);
  });
  afterAll(async () => {
    await nginx?.stop();
    await postern?.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  const instances = (service: (typeof SERVICES)[number]) => instancesOf(postern, service);
  const all = () => SERVICES.flatMap(instances);
  const notReady = async () => (await Promise.all(all().map(missingOf))).filter((missing) => missing !== null);

  async function newKey(role: 'admin' | 'auditor' | 'relay'): Promise<{ readonly id: string; readonly key: string }> {
    const path = role === 'relay' ? '/v1/api-keys' : '/v1/tenants/acme/api-keys';
    return (await operator('POST', path, { role, name: role })).body;
  }
  async function revoke(role: 'auditor' | 'relay', id: string): Promise<void> {
    const path = role === 'relay' ? '/v1/api-keys' : '/v1/tenants/acme/api-keys';
    expect((await operator('DELETE', `${path}/${id}`)).status).toBe(204);
  }

  /** A service that has no such route says 404, without asking for a key. */
  it.each([
    ['nginx', () => nginx.url],
    ['the proxy of `npm run services`', () => postern.url],
  ])('brings each route of the API to a service that has it, as does %s', async (_, url) => {
    const answered = await Promise.all(
      ROUTES.map(async ([method, path]) => {
        const target = url() + path.replaceAll(/\{\w+\}/g, ANY_ID);
        const { status } = await fetch(target, { method, redirect: 'manual' });
        const head = method === 'GET' ? (await fetch(target, { method: 'HEAD' })).status : status;
        return [`${method} ${path}`, status, head] as const;
      }),
    );
    expect(answered.filter(([, status, head]) => status === 404 || status !== head)).toEqual([]);
    expect(answered.filter(([, status]) => status === 401).length).toBeGreaterThan(30);
  });

  /** On a page that came by plain HTTP from another host a browser says its origin and no `Sec-Fetch-Site`. */
  const fromPage = (url: string, cookie?: string) => ({
    'content-type': 'application/json',
    origin: url,
    ...(cookie !== undefined && { cookie }),
  });
  async function signIn(url: string, body: object, origin = url): Promise<{ status: number; cookie: string }> {
    const answer = await fetch(`${url}/v1/session`, {
      method: 'POST',
      headers: fromPage(origin),
      body: JSON.stringify(body),
    });
    return { status: answer.status, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
  }

  it.each([
    ['nginx', () => nginx.url],
    ['the proxy of `npm run services`', () => postern.url],
  ])('signs a browser in and out, as does %s, for every service', async (_, edge) => {
    const url = edge();
    const { key } = await newKey('admin');
    expect(await signIn(url, { key }, 'http://evil.example')).toEqual({ status: 403, cookie: '' });
    const { cookie } = await signIn(url, { key });
    const headers = fromPage(url, cookie);
    const reads = ['/v1/whoami', '/v1/tenants/acme/smtp-users', '/v1/tenants/acme/changes'];
    const statuses = async () =>
      Promise.all(reads.map(async (path) => (await fetch(url + path, { headers: { cookie } })).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    const write = (origin: string) =>
      fetch(`${url}/v1/tenants/acme/api-keys`, {
        method: 'POST',
        headers: { ...headers, origin },
        body: JSON.stringify({ role: 'auditor', name: 'from a page' }),
      });
    expect((await write('http://evil.example')).status).toBe(403);
    expect((await write(url)).status).toBe(201);
    const stream = await fetch(`${url}/v1/tenants/acme/denials/stream`, { headers: { cookie } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching('text/event-stream'),
    ]);
    expect((await fetch(`${url}/v1/session`, { method: 'DELETE', headers })).status).toBe(204);
    // To its end: it would go on for ever.
    await stream.text().catch(() => 'cut off');
    await until(statuses, 'no service accepts it any more', (all) => all.every((status) => status === 401));
  });

  it('accepts the link that the supervisor printed, once', async () => {
    const code = /^http:\/\/127\.0\.0\.1:\d+\/sign-in#code=([0-9a-f]{48})$/.exec(postern.signInLink ?? '')?.[1];
    const { status, cookie } = await signIn(nginx.url, { code });
    expect(status).toBe(201);
    const whoAmI = await fetch(`${nginx.url}/v1/whoami`, { headers: { cookie } });
    expect(await whoAmI.json()).toMatchObject({ role: 'operator', name: 'first start' });
    expect(await signIn(postern.url, { code })).toEqual({ status: 401, cookie: '' });
  });

  it('shows operators every process, and a relay with its denials, whichever instances they reach', async () => {
    const name = 'mx-operators';
    const client = new RelayClient({
      urls: [nginx.url],
      key: (await newKey('relay')).key,
      relayName: name,
      client: 'mx/1',
    });
    await client.start();
    try {
      const [relay] = await until(
        async () => (await operator('GET', '/v1/relays')).body.items.filter((item: Relay) => item.name === name),
        'the relay',
        ([item]: Relay[]) => item?.connected === true,
      );
      expect(relay).toMatchObject({ client: 'mx/1', behind: 0, denialsWaiting: 0 });
      // Each process writes its state every few seconds.
      const { services, bus } = await until(
        async () => (await operator('GET', '/v1/system')).body,
        'all are ready',
        (system) => system.services.every(({ state }: Process) => state === 'ready'),
      );
      const seen = services.map((process: Process) => `${process.name} ${process.instance} ${process.state}`);
      const running = SERVICES.flatMap((service) =>
        instances(service).map(({ url }) => `${service} ${hostname()}:${new URL(url).port} ready`),
      );
      expect(seen.sort()).toEqual(running.sort());
      expect(services.map((process: Process) => process.instance)).toContain(relay?.instance);
      expect(bus).toEqual({ kind: 'feed', brokers: [] });
    } finally {
      await client.stop();
    }
  });

  it('passes the caller’s address to a service, and lets nobody forge another one', async () => {
    const { hostname, port } = new URL(nginx.url);
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    const sent = httpRequest({ hostname, port, path: '/v1/my-ip', headers, localAddress: '127.0.0.7' });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect(JSON.parse(Buffer.concat(await answer.toArray()).toString())).toEqual({ ip: '127.0.0.7', family: 'IPv4' });
  });

  it('has a key judged before the body has come', async () => {
    const { hostname, port } = new URL(nginx.url);
    const headers = { 'content-type': 'application/json', 'content-length': '1000000' };
    const sent = httpRequest({ hostname, port, path: '/v1/tenants', method: 'POST', headers, agent: false });
    sent.write('{');
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([401, 'close']);
    sent.destroy();
  });

  it('passes a change on to an open stream at once, and ends the stream when its key is revoked', async () => {
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'stream@acme.example' })).body;
    const relay = await newKey('relay');
    const authorization = `Bearer ${relay.key}`;
    const snapshot = await fetch(`${nginx.url}/v1/relay/policies`, { headers: { authorization } });
    await snapshot.text();
    const answer = await fetch(`${nginx.url}/v1/relay/policies/stream`, {
      headers: { authorization, 'last-event-id': snapshot.headers.get('postern-revision') ?? '' },
    });
    const { until, ended } = reading(answer);
    await admin('POST', `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`, {
      entries: [{ range: '192.0.2.1' }],
    });
    expect(await until('192.0.2.1')).toContain('event: policy');
    await revoke('relay', relay.id);
    await ended();
  });

  it('passes a denial on to an open stream at once, and ends the stream when its key is revoked', async () => {
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'live@acme.example' })).body;
    await admin('POST', `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`, {
      entries: [{ range: '192.0.2.1' }],
    });
    const [relay, auditor] = [await newKey('relay'), await newKey('auditor')];
    const answer = await fetch(`${nginx.url}/v1/tenants/acme/denials/stream`, {
      headers: { authorization: `Bearer ${auditor.key}` },
    });
    const { until, ended } = reading(answer);
    await until('event: heartbeat');
    const login = { username: 'live@acme.example', ip: '198.51.100.77' };
    await asking(nginx.url, relay.key)('POST', '/v1/relay/decisions', login);
    expect(await until('198.51.100.77')).toContain('event: denial');
    await revoke('auditor', auditor.id);
    await ended();
  });

  it('loses no read when one of each service is killed or stopped', async () => {
    const answers = new Set<number>();
    const enough = new AbortController();
    const read = async (path: string) => {
      while (!enough.signal.aborted) answers.add((await admin('GET', path)).status);
    };
    const paths = ['/v1/tenants/acme/changes', '/v1/tenants/acme/api-keys', '/v1/tenants/acme/smtp-users'];
    const readers = [...paths, ...paths].map(read);
    try {
      for (const how of ['SIGKILL', 'SIGTERM'] as const) {
        const gone = SERVICES.flatMap((service) => instances(service)[0] ?? []);
        for (const each of gone) sendSignal(each.pid, how);
        for (const each of gone)
          await until(
            () => all().find(({ name }) => name === each.name)?.pid,
            `${each.name} is started again`,
            (pid) => pid !== each.pid,
          );
        await until(notReady, 'all are ready', (missing) => missing.length === 0);
      }
    } finally {
      enough.abort();
      await Promise.all(readers);
    }
    expect([...answers]).toEqual([200]);
    expect((await fetch(`${nginx.url}/health/ready`)).status).toBe(200);
  });

  describe('a reader that reads nothing more, whose key is revoked or who signs out', () => {
    /** Some 20 MB each: far more than all buffers between it and the service hold. */
    const POLICIES_WITH_FULL_LISTS = 200;
    const DENIALS = 40_000;

    beforeAll(async () => {
      const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'many@acme.example' })).body;
      const entries = Array.from({ length: 1_000 }, (_, i) => ({
        range: `2001:db8:1111:${(0x1000 + i).toString(16)}:1111:1111:1111:1111`,
      }));
      const path = `/v1/tenants/acme/smtp-users/${user.id}/restriction`;
      await admin('POST', `${path}/entries`, { entries });
      await until(
        async () => (await admin('GET', path)).body.entries?.length,
        'the list on the read side',
        (count) => count === entries.length,
      );
      const database = await findEmbeddedPostgres(join(folder, 'postgres'));
      await onDatabase(database?.url('postern') ?? '', async (owner) => {
        await owner.query(
          `INSERT INTO projection.relay_policies
           SELECT gen_random_uuid(), 'copy-' || i, tenant_id, 'copy-' || i, mode, enforce_at, restricted, entries, version, event_id, claimed_at,
                  removed, digest, -i
             FROM projection.relay_policies, generate_series(1, $2) i WHERE smtp_user_id = $1`,
          [user.id, POLICIES_WITH_FULL_LISTS],
        );
        await owner.query(
          `INSERT INTO audit.denials
           SELECT gen_random_uuid(), now(), now(), i, $1, 1, true, 'acme', repeat('x', 240), '198.51.100.1', '198.51.100.1', 'mx1',
                  'ip-not-authorized', 'enforce'
             FROM generate_series(1, $2) i`,
          [user.id, DENIALS],
        );
      });
    });

    it.each([
      ['an export', 'auditor', '/v1/tenants/acme/denials', 'audit-trail-service', /^postern_exports_running /],
      [
        'an export to a browser',
        'session',
        '/v1/tenants/acme/denials',
        'audit-trail-service',
        /^postern_exports_running /,
      ],
      ['a snapshot', 'relay', '/v1/relay/policies', 'projection-service', /^postern_relay_snapshots_open /],
    ] as const)('gets of %s what buffers hold, and then a broken connection', async (_, by, path, service, running) => {
      const key = await newKey(by === 'session' ? 'auditor' : by);
      const { cookie } = by === 'session' ? await signIn(nginx.url, { key: key.key }) : { cookie: null };
      const caller = cookie === null ? { authorization: `Bearer ${key.key}` } : { cookie };
      const open = async () => (await Promise.all(instances(service).map((each) => metricOf(each, running)))).sort();
      const { hostname, port } = new URL(nginx.url);
      const headers = { ...caller, accept: 'application/x-ndjson' };
      const sent = httpRequest({ hostname, port, path, headers, agent: false });
      sent.end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect(answer.statusCode).toBe(200);
      let [bytes, code] = [0, 'none'];
      answer.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''));
      const closed = new Promise((resolve) => answer.once('close', resolve));
      await until(open, 'it runs', (counts) => counts.includes(1));
      if (cookie === null) await revoke(by === 'relay' ? 'relay' : 'auditor', key.id);
      else await fetch(`${nginx.url}/v1/session`, { method: 'DELETE', headers: { origin: nginx.url, cookie } });
      await until(open, 'it was ended by its service', (counts) => !counts.includes(1));
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      await closed;
      expect([code, answer.complete, bytes > 0]).toEqual(['ECONNRESET', false, true]);
    });
  });
});

/** Reads a stream of events. */
function reading(answer: Response) {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  return {
    /** All that came so far, once it has the part in it. */
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`The stream ended. It held: ${text}`);
        text += Buffer.from(value).toString();
      }
      return text;
    },
    ended: async (): Promise<void> => {
      const toItsEnd = async () => {
        while (!(await reader.read()).done);
      };
      await toItsEnd().catch(() => undefined);
    },
  };
}
