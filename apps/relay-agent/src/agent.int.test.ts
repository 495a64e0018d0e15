import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seededRandom, until } from '@postern/testing';
import { TestControlPlane } from '../../../libs/relay-client/src/testing/control-plane.js';
import { policy } from '../../../libs/relay-client/src/testing/policies.js';
import { exchange, RELAY_KEY, startTestAgent, type TestAgent } from './testing/test-agent.js';

const HANDSHAKE = 'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t2\nCOOKIE\tabc\nDONE\n';

let plane: TestControlPlane;
let dovecot: Server;
const behind = new Set<Socket>();
let backend: Server;
/** What the Dovecot and the backend wait for before they answer. */
let held: Promise<void> = Promise.resolve();
let waiting = 0;
let agent: TestAgent;
beforeAll(async () => {
  plane = new TestControlPlane();
  plane.key = RELAY_KEY;
  plane.set(policy('app@acme.example', { entries: ['203.0.113.42'] }));
  plane.set(policy('free@acme.example', { restricted: false, entries: [] }));
  await plane.listen();
  // A Dovecot that accepts every login of app@acme.example.
  dovecot = await listening((socket) => {
    behind.add(socket);
    socket.write(HANDSHAKE);
    socket.on('data', async (chunk) => {
      waiting++;
      await held;
      for (const [, id] of String(chunk).matchAll(/^AUTH\t(\d+)\t/gm))
        socket.write(`OK\t${id}\tuser=app@acme.example\n`);
    });
  });
  backend = await listening((socket) => {
    socket.on('data', async () => {
      waiting++;
      await held;
      socket.end('HTTP/1.1 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 25\r\n\r\n');
    });
  });
});
afterAll(async () => {
  await plane.kill();
  for (const socket of behind) socket.destroy();
  dovecot.close();
  backend.close();
});
beforeEach(async () => {
  agent = await startTestAgent(settings());
});
afterEach(() => agent.stop());

function settings(): NodeJS.ProcessEnv {
  return {
    POSTERN_AGENT_UPSTREAMS: plane.url,
    POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM: `127.0.0.1:${portOf(dovecot)}`,
    POSTERN_AGENT_NGINX_BACKEND: `http://127.0.0.1:${portOf(backend)}/auth`,
  };
}

async function listening(accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${agent.url}${path}`, { method: 'POST', body: text });
  return { status: answer.status, body: await answer.json() };
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${agent.url}/metrics`)).text();
  return text.split('\n').find((line) => line.startsWith(name));
}

/** Tries again where the queue of a socket is full. */
async function open(address: NetConnectOpts): Promise<Socket> {
  for (;;) {
    const socket = connect(address);
    const opened = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (opened) return socket;
    await nextTurn();
  }
}

const postfixRequest = (username: string, ip: string) =>
  `request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username=${username}\nclient_address=${ip}\n\n`;
const auth = (ip: string) => `AUTH\t1\tPLAIN\tservice=smtp\trip=${ip}\tresp=AGFAeABw\n`;
const nginxHeaders = (ip: string) => ({
  headers: { 'auth-method': 'plain', 'auth-user': 'app%40acme.example', 'auth-pass': 'x', 'client-ip': ip },
});

describe('the relay agent', () => {
  it('does not start with denials on disk that it cannot read, says why, and leaves no socket behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-agent-'));
    // A folder in the place of the file.
    await mkdir(join(folder, 'data', 'denials'), { recursive: true });
    await expect(
      startTestAgent({
        POSTERN_AGENT_UPSTREAMS: plane.url,
        POSTERN_AGENT_DATA_DIR: join(folder, 'data'),
        POSTERN_AGENT_POSTFIX: `unix:${join(folder, 'policy')}`,
      }),
    ).rejects.toThrow(`POSTERN_AGENT_DATA_DIR ${join(folder, 'data')} must be a folder that this process can read`);
    expect([await readdir(folder), await readdir(join(folder, 'data'))]).toEqual([['data'], ['denials']]);
    await rm(folder, { recursive: true });
  });

  it('answers every protocol by the same policies', async () => {
    const [right, wrong] = ['203.0.113.42', '::ffff:198.51.100.7'];
    expect(await post('/decisions', { username: 'app@acme.example', ip: right })).toMatchObject({
      status: 200,
      body: { decision: 'allow', reason: 'entry-matched', reply: null },
    });
    expect(await post('/decisions', { username: 'APP@acme.example', ip: wrong })).toMatchObject({
      status: 200,
      body: { decision: 'deny', reason: 'ip-not-authorized', reply: { code: 535, enhanced: '5.7.1' } },
    });
    const dovecotAnswers = async (ip: string) =>
      (await post('/dovecot-policy?command=allow', { login: 'app@acme.example', remote: ip })).body;
    expect(await dovecotAnswers(right)).toEqual({ status: 0, msg: '' });
    expect(await dovecotAnswers(wrong)).toEqual({ status: -1, msg: 'IP not authorized' });
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', right), { until: '\n\n' })).toBe(
      'action=DUNNO\n\n',
    );
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', wrong), { until: '\n\n' })).toBe(
      'action=535 5.7.1 IP not authorized\n\n',
    );
    expect(await exchange(agent.dovecotAuth, auth(right), { until: '.example\n' })).toBe(
      `${HANDSHAKE}OK\t1\tuser=app@acme.example\n`,
    );
    expect(await exchange(agent.dovecotAuth, auth(wrong), { until: 'authorized\n' })).toBe(
      `${HANDSHAKE}FAIL\t1\tuser=app@acme.example\treason=IP not authorized\n`,
    );
    const nginx = async (ip: string) => (await fetch(`${agent.url}/nginx-auth`, nginxHeaders(ip))).headers;
    expect((await nginx(right)).get('auth-server')).toBe('192.0.2.1');
    const refused = await nginx(wrong);
    expect([refused.get('auth-status'), refused.get('auth-error-code'), refused.get('auth-server')]).toEqual([
      'IP not authorized',
      '535 5.7.1',
      null,
    ]);
    expect(await metric('postern_agent_decisions_total{protocol="nginx-auth",decision="deny"')).toMatch(/ 1$/);
    // All five denials are of one user and address: the first is reported at once, the others in a count.
    await until(() => plane.received.flat().length >= 1);
    expect(plane.received.flat()[0]).toMatchObject({ username: 'APP@acme.example', relay: 'mx1' });
  });

  it('decides a dry run without counting it', async () => {
    const before = await metric('postern_agent_decisions_total{protocol="decisions",decision="deny"');
    const question = { username: 'app@acme.example', ip: '192.0.2.9', dryRun: true };
    expect((await post('/decisions', question)).body).toMatchObject({ decision: 'deny' });
    expect(await metric('postern_agent_decisions_total{protocol="decisions",decision="deny"')).toBe(before);
  });

  it('reports what it decides by, and how old that is', async () => {
    plane.heartbeat({ lagEvents: 3, lagSeconds: 61 });
    await until(async () => (await metric('postern_agent_policies_lag_seconds')) !== undefined);
    expect(await metric('postern_agent_policies_lag_seconds')).toBe('postern_agent_policies_lag_seconds 61');
    const ready = await fetch(`${agent.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({
        status: 'ready',
        policies: { held: 2, revision: plane.revision, ageSeconds: expect.any(Number), lagSeconds: 61 },
        denials: { waiting: expect.any(Number), dropped: 0 },
        keyRefused: false,
      }),
    ]);
    expect(await metric('postern_agent_policies_revision')).toBe(`postern_agent_policies_revision ${plane.revision}`);
  });

  it('refuses in the open session of a user who is restricted meanwhile', async () => {
    const session = connect(agent.postfix);
    let heard = '';
    session.on('data', (chunk) => (heard += String(chunk)));
    session.write(postfixRequest('free@acme.example', '198.51.100.7'));
    await until(() => heard === 'action=DUNNO\n\n');
    plane.set(policy('free@acme.example', { entries: ['203.0.113.42'] }));
    const refused = await until(
      async () => {
        heard = '';
        session.write(postfixRequest('free@acme.example', '198.51.100.7'));
        await until(() => heard.endsWith('\n\n'));
        return heard;
      },
      'the refusal',
      (answer) => answer !== 'action=DUNNO\n\n',
    );
    expect(refused).toBe('action=535 5.7.1 IP not authorized\n\n');
    session.destroy();
    plane.set(policy('free@acme.example', { restricted: false, entries: [] }));
  });

  it('answers what it was asked before it stops', async () => {
    const session = connect(agent.postfix);
    let heard = '';
    session.on('data', (chunk) => (heard += String(chunk)));
    session.write(postfixRequest('app@acme.example', '203.0.113.42'));
    await until(() => heard !== '');
    const closed = once(session, 'close');
    await agent.stop();
    await closed;
    expect(heard).toBe('action=DUNNO\n\n');
  });
});

describe('a stop of the agent', () => {
  it('waits for the passwords that are being checked, and answers', async () => {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    [held, waiting] = [promise, 0];
    const login = exchange(agent.dovecotAuth, auth('198.51.100.7'));
    const nginx = fetch(`${agent.url}/nginx-auth`, nginxHeaders('198.51.100.7'));
    await until(() => waiting === 2);
    const stopped = agent.stop();
    release();
    expect(await login).toBe(`${HANDSHAKE}FAIL\t1\tuser=app@acme.example\treason=IP not authorized\n`);
    expect((await nginx).headers.get('auth-error-code')).toBe('535 5.7.1');
    await stopped;
  });
});

describe('what no mail server sends', () => {
  const random = seededRandom(1);
  const bytes = Buffer.from(Array.from({ length: 5_000 }, () => random(256)));
  const garbage: [string, string | Buffer][] = [
    ['bytes of chance', bytes],
    ['a line of 1 MB', `${'a'.repeat(1_000_000)}\n\n`],
    ['1 MB of lines', 'a=b\n'.repeat(250_000)],
    ['1 MB of empty lines', '\n'.repeat(1_000_000)],
    ['a NUL', '\0\n\n'],
    ['half an HTTP request', 'POST /decisions HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"us'],
  ];

  it.each(garbage)('is answered by no permission on any listener, and does not end the agent: %s', async (_, sent) => {
    const url = new URL(agent.url);
    const http = { host: url.hostname, port: Number(url.port) };
    const ended = (address: NetConnectOpts) => exchange(address, sent, { end: true });
    expect(await ended(agent.postfix)).toBe('');
    expect((await ended(agent.dovecotAuth)).replace(HANDSHAKE, '')).toBe('');
    expect(await ended(http)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', '203.0.113.42'), { until: '\n\n' })).toBe(
      'action=DUNNO\n\n',
    );
  });

  it.each<[string, unknown]>([
    ['no JSON', '{"login":'],
    ['a login that is repeated', '{"login":"free@acme.example","login":"app@acme.example","remote":"203.0.113.42"}'],
    [
      'a deep nesting',
      `{"login":"free@acme.example","remote":"203.0.113.42","x":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
    ],
    ['1 MB', { login: 'free@acme.example', remote: '203.0.113.42', more: 'a'.repeat(1_000_000) }],
    ['nothing', ''],
  ])('is refused where Dovecot posts %s, with a status that Dovecot takes for an answer', async (_, body) => {
    expect(await post('/dovecot-policy?command=allow', body)).toEqual({
      status: 200,
      body: { status: -1, msg: 'Temporary authentication failure' },
    });
  });

  it('is refused where nginx sends a header twice', async () => {
    const url = new URL(agent.url);
    const heard = await exchange(
      { host: url.hostname, port: Number(url.port) },
      'GET /nginx-auth HTTP/1.1\r\nHost: x\r\nAuth-Method: plain\r\nAuth-User: free%40acme.example\r\nAuth-User: app%40acme.example\r\nClient-IP: 203.0.113.42\r\nConnection: close\r\n\r\n',
    );
    expect(heard).toMatch(
      /^HTTP\/1\.1 200 OK\r\nauth-status: Temporary authentication failure\r\nauth-error-code: 454 4\.7\.0\r\n/,
    );
    expect(heard).not.toMatch(/auth-server/i);
  });

  it.each<[string, string | undefined]>([
    ['no address', undefined],
    ['an empty one', ''],
    ['the word unknown', 'unknown'],
    ['two addresses', '203.0.113.42, 203.0.113.42'],
    ['an address with a port', '203.0.113.42:25'],
  ])('is an address that cannot be read: %s', async (_, ip) => {
    const answer = await post('/dovecot-policy?command=allow', { login: 'app@acme.example', remote: ip });
    expect(answer.body).toEqual({ status: -1, msg: 'IP not authorized' });
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', ip ?? ''), { until: '\n\n' })).toMatch(
      /^action=535 /,
    );
  });

  it('keeps the memory bounded: thousands of connections, each with the half of a longest line', async () => {
    const before = memoryInUse();
    const half = Buffer.alloc(12_000, 'a');
    const sockets: Socket[] = [];
    let closed = 0;
    for (let batch = 0; batch < 42; batch++) {
      const opened = await Promise.all(Array.from({ length: 100 }, () => open(agent.postfix)));
      for (const socket of opened) {
        socket.on('error', () => undefined);
        socket.on('close', () => closed++);
        if (socket.closed) closed++;
        socket.write(half);
      }
      sockets.push(...opened);
    }
    // More than 4,096 are closed as they come; those that are open wait for their line's end.
    await until(() => closed === 104);
    await until(async () => (await metric('postern_agent_connections{protocol="postfix-policy"}'))?.endsWith(' 4096'));
    // Again until then: V8 frees what a collection found in a thread of its own, later on a busy machine.
    await until(() => memoryInUse() - before < 200_000_000, 'less than 200 MB in use');
    for (const socket of sockets) socket.destroy();
    await until(async () => (await metric('postern_agent_connections{protocol="postfix-policy"}'))?.endsWith(' 0'));
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', '203.0.113.42'), { until: '\n\n' })).toBe(
      'action=DUNNO\n\n',
    );
  });
});

/** Bytes in use. The resident memory would also count what waits for the garbage collection, more on a busy machine. */
function memoryInUse(): number {
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.collectGarbage');
  session.disconnect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('the start of the agent', () => {
  const started = (environment: NodeJS.ProcessEnv) => startTestAgent({ ...settings(), ...environment });

  it('is refused on the data folder of another agent', async () => {
    await expect(started({ POSTERN_AGENT_DATA_DIR: join(agent.folder, 'data') })).rejects.toThrow(
      'data is used by another agent: stop that agent, or choose another folder.',
    );
  });

  it('is refused on a port and on a socket that are taken', async () => {
    const taken = new URL(agent.url).host;
    await expect(started({ POSTERN_AGENT_HTTP: taken })).rejects.toThrow(
      `POSTERN_AGENT_HTTP ${taken} is taken: stop the`,
    );
    const path = `unix:${join(agent.folder, 'policy')}`;
    await expect(started({ POSTERN_AGENT_POSTFIX: path })).rejects.toThrow(
      `POSTERN_AGENT_POSTFIX ${path} is taken: stop the`,
    );
    expect(await exchange(agent.postfix, postfixRequest('app@acme.example', '203.0.113.42'), { until: '\n\n' })).toBe(
      'action=DUNNO\n\n',
    );
  });

  it('is refused where a file or no folder is in the place of a socket', async () => {
    const file = join(agent.folder, 'file');
    await writeFile(file, 'x');
    await expect(started({ POSTERN_AGENT_POSTFIX: `unix:${file}` })).rejects.toThrow(
      'is a file, not a socket: remove it',
    );
    await expect(started({ POSTERN_AGENT_POSTFIX: `unix:${file}-folder/a` })).rejects.toThrow(
      'in a folder that does not exist',
    );
  });

  it('is refused on a socket of systemd that was not passed', async () => {
    await expect(started({ POSTERN_AGENT_DOVECOT_AUTH: 'systemd:dovecot-auth' })).rejects.toThrow(
      'POSTERN_AGENT_DOVECOT_AUTH systemd:dovecot-auth was not passed by systemd: enable a .socket unit',
    );
  });

  it('gives the sockets the mode that is set', async () => {
    expect((await stat((agent.postfix as { path: string }).path)).mode & 0o777).toBe(0o660);
  });
});

describe('the key file', () => {
  it('is read again when it changes; one without a key changes nothing', async () => {
    const file = join(agent.folder, 'key');
    await writeFile(file, `${RELAY_KEY.replace('0123', '9999')}\n`);
    const other = await startTestAgent({
      ...settings(),
      POSTERN_RELAY_KEY: '',
      POSTERN_RELAY_KEY_FILE: file,
      POSTERN_AGENT_UNKNOWN_USER: 'allow',
    });
    try {
      const ready = async () =>
        (await (await fetch(`${other.url}/health/ready`)).json()) as { keyRefused: boolean; status: unknown };
      expect(await ready()).toMatchObject({ keyRefused: true, status: 503 });
      await writeFile(file, 'nothing\n');
      await until(() =>
        other.logged.some((line) => line.includes('the new relay key cannot be read; the old one stays in use')),
      );
      await writeFile(file, `${RELAY_KEY}\n`);
      await until(async () => (await ready()).status === 'ready');
      // And the users whom nobody knows are let in, as this one's setting says, and counted.
      await until(
        async () =>
          (await exchange(other.postfix, postfixRequest('new@acme.example', '203.0.113.1'), { until: '\n\n' })) ===
          'action=DUNNO\n\n',
      );
    } finally {
      await other.stop();
    }
  });
});
