import type { Request, Result } from 'autocannon';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand, until } from '@postern/testing';
import { TestControlPlane } from '../libs/relay-client/src/testing/control-plane.js';
import { policy } from '../libs/relay-client/src/testing/policies.js';
import { cpuSeconds } from './parts/cpu-seconds.js';
import { CONNECTIONS, figuresOf, fire } from './parts/peer-turns.js';
import { quantile, rounded } from './parts/quantile.js';

const TURNS = Number(process.env['BENCH_TURNS'] ?? 3);
const SECONDS = 4;
const WARM_UP_SECONDS = 3;
const USERS = 10_000;
const LOGINS = 3_000;
const ALLOWED = '203.0.113.9';
const KEY = 'pst_relay_01a20ae6-f24f-7793-ac66-e5da32839d9c_0123456789abcdef0123';

/**
 * The relay agent, with 10,000 users, each with three entries. Questions of Dovecot's auth-policy over kept-alive HTTP, alternating with a bare HTTP server
 * of Node that answers a constant; then logins of Dovecot's auth protocol, one after the other, with the proxy and without it.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-agent-'));
  const plane = new TestControlPlane();
  plane.key = KEY;
  const entries = ['192.0.2.1', '2001:db8::/64', '203.0.113.0/24'];
  for (let i = 0; i < USERS; i++) plane.set(policy(username(i), { entries }));
  await plane.listen();
  const bare = fork(join(import.meta.dirname, 'agent-parts', 'bare-server.js'), { execArgv: [] });
  const [[httpPort, dovecotPort]] = (await once(bare, 'message')) as [[number, number]];
  const agent = startCommand('relay-agent', [], {
    POSTERN_RELAY_KEY: KEY,
    POSTERN_AGENT_UPSTREAMS: plane.url,
    POSTERN_AGENT_DATA_DIR: join(folder, 'data'),
    POSTERN_AGENT_HTTP: '127.0.0.1:0',
    POSTERN_AGENT_DOVECOT_AUTH: '127.0.0.1:0',
    POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM: `127.0.0.1:${dovecotPort}`,
  });
  try {
    await until(() => agent.out().includes('Ctrl-C') || agent.child.exitCode !== null);
    const url = /is ready at (\S+)/.exec(agent.out())?.[1] ?? '';
    const proxyPort = Number(/dovecot-auth +127\.0\.0\.1:(\d+)/.exec(agent.out())?.[1]);
    const http = await questionsInTurns(url, `http://127.0.0.1:${httpPort}`);
    const proxy = await loginsInTurns(proxyPort, dovecotPort);
    return {
      bench: 'agent',
      figures: { cores: availableParallelism(), users: USERS, ...http.figures, ...proxy },
      ratios: http.ratios,
    };
  } finally {
    agent.child.kill('SIGTERM');
    await agent.end;
    bare.kill();
    await plane.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function username(i: number): string {
  return `user${i % USERS}@bench.example`;
}

async function questionsInTurns(url: string, bareUrl: string) {
  const question = askDovecotPolicy();
  await fire(url, question, WARM_UP_SECONDS);
  await fire(bareUrl, question, WARM_UP_SECONDS);
  const [ours, theirs]: [Result[], Result[]] = [[], []];
  let [cpu, bareCpu] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    const [before, bareBefore] = [await cpuSeconds(url), await cpuSeconds(bareUrl)];
    ours.push(await fire(url, question, SECONDS));
    theirs.push(await fire(bareUrl, question, SECONDS));
    cpu += (await cpuSeconds(url)) - before;
    bareCpu += (await cpuSeconds(bareUrl)) - bareBefore;
  }
  const micros = (seconds: number, turns: readonly Result[]) =>
    rounded((seconds * 1e6) / turns.reduce((sum, { requests }) => sum + requests.total, 0), 1);
  const agent = { ...figuresOf('turn', ours), cpu: micros(cpu, ours) };
  const bare = { ...figuresOf('turn', theirs), cpu: micros(bareCpu, theirs) };
  const line = ({ turnPerSecond, turnP50Ms, turnP99Ms, cpu }: typeof bare) =>
    `${turnPerSecond}/s, p50 ${turnP50Ms} ms, p99 ${turnP99Ms} ms, ${cpu} µs of CPU each`;
  console.log(`Questions of auth-policy, ${CONNECTIONS} connections, ${TURNS} turns of ${SECONDS} s, ${USERS} users:`);
  console.log(`The agent: ${line(agent)}`);
  console.log(`A bare HTTP server: ${line(bare)}`);
  return {
    figures: {
      perSecond: agent.turnPerSecond,
      p50Ms: agent.turnP50Ms,
      p99Ms: agent.turnP99Ms,
      cpuMicros: agent.cpu,
      barePerSecond: bare.turnPerSecond,
      bareP50Ms: bare.turnP50Ms,
      bareP99Ms: bare.turnP99Ms,
      bareCpuMicros: bare.cpu,
    },
    ratios: {
      timesBare: rounded(agent.turnPerSecond / bare.turnPerSecond, 3),
      p99TimesBare: rounded(agent.turnP99Ms / bare.turnP99Ms),
    },
  };
}

/** The same question for both: the next user, whom the agent lets in. */
function askDovecotPolicy(): Request {
  let sent = 0;
  return {
    method: 'POST',
    path: '/dovecot-policy?command=allow',
    headers: { 'content-type': 'application/json' },
    setupRequest: (request) => {
      const question = { device_id: '', login: username(sent++), protocol: 'smtp', remote: ALLOWED, tls: true };
      return { ...request, body: JSON.stringify(question) };
    },
    onResponse: (_, body) => {
      if (body !== '{"status":0,"msg":""}') throw new Error(`It was to be allowed, and is ${body}`);
    },
  };
}

async function loginsInTurns(proxyPort: number, dovecotPort: number) {
  const [proxy, direct]: [number[], number[]] = [[], []];
  await logins(proxyPort);
  await logins(dovecotPort);
  for (let turn = 0; turn < TURNS; turn++) {
    proxy.push(...(await logins(proxyPort)));
    direct.push(...(await logins(dovecotPort)));
  }
  const [p99, bareP99] = [quantile(proxy, 0.99), quantile(direct, 0.99)];
  console.log(`Logins of the auth protocol: p99 ${rounded(p99)} ms with the proxy, ${rounded(bareP99)} ms without it`);
  return {
    proxyP50Ms: rounded(quantile(proxy, 0.5), 3),
    proxyP99Ms: rounded(p99, 3),
    noProxyP50Ms: rounded(quantile(direct, 0.5), 3),
    noProxyP99Ms: rounded(bareP99, 3),
    proxyAddsP99Ms: rounded(p99 - bareP99, 3),
  };
}

/** So many logins on one connection, one after the other; how long each took, in milliseconds. */
async function logins(port: number): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const took: number[] = [];
  try {
    await once(socket, 'data');
    for (let id = 1; id <= LOGINS; id++) {
      const begun = performance.now();
      socket.write(`AUTH\t${id}\tPLAIN\tservice=smtp\trip=${ALLOWED}\tresp=${username(id)}\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      took.push(performance.now() - begun);
      if (!String(answer).startsWith(`OK\t${id}\t`)) throw new Error(`The login was refused: ${answer}`);
    }
  } finally {
    socket.destroy();
  }
  return took;
}
