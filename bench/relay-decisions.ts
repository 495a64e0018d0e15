import type { Request, Result } from 'autocannon';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { cpuSeconds } from './parts/cpu-seconds.js';
import { ownerUrl } from './parts/owner-url.js';
import { CONNECTIONS, figuresOf, fire, startPeer } from './parts/peer-turns.js';
import { rounded } from './parts/quantile.js';
import { setStage, TENANT, type Stage } from './parts/stage.js';

const TURNS = Number(process.env['BENCH_TURNS'] ?? 3);
const SECONDS = 4;
const WARM_UP_SECONDS = 3;
const USERS = 2_000;
/** From the one network that each user's list has, and from no list. */
const ALLOWED = '203.0.113.9';
const DENIED = '198.51.100.7';

/**
 * `POST /v1/relay/decisions` over HTTP, alternating with the program that a user would write instead (see `relay-decisions-parts/peer.ts`),
 * on the same PostgreSQL: first logins that are allowed, then denied ones, which are recorded before the answer.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const stage = await setStage(USERS);
  let end = () => {};
  try {
    await restrictAll(stage);
    const peer = await startPeer(
      join(import.meta.dirname, 'relay-decisions-parts', 'peer.js'),
      await ownerUrl(stage.dataDir),
    );
    end = peer.end;
    const allow = await interleaved(stage, peer.url, ALLOWED, 'allow');
    const deny = await interleaved(stage, peer.url, DENIED, 'deny');
    const figures = { cores: availableParallelism(), users: USERS, ...allow.figures, ...deny.figures };
    return { bench: 'relay-decisions', figures, ratios: { ...allow.ratios, ...deny.ratios } };
  } finally {
    end();
    await stage.tearDown();
  }
}

/** Each user has three entries; the last one allows `ALLOWED`. Resolves when the relay policies have them. */
async function restrictAll({ users, admin, dataDir }: Stage): Promise<void> {
  const entries = [{ range: '192.0.2.1' }, { range: '2001:db8::/64' }, { range: '203.0.113.0/24', note: 'office' }];
  const waiting = users.values();
  const restrict = async (): Promise<void> => {
    for (const { id } of waiting) {
      const { status } = await admin('POST', `/v1/tenants/${TENANT}/smtp-users/${id}/restriction/entries`, { entries });
      if (status !== 201) throw new Error(`A user could not be restricted: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, restrict));
  const client = new Client({ connectionString: await ownerUrl(dataDir) });
  await client.connect();
  const restricted = async () => (await client.query<{ users: number }>(RESTRICTED)).rows[0]?.users === users.length;
  while (!(await restricted())) await sleep(50);
  await client.end();
}
const RESTRICTED = 'SELECT count(*)::integer AS users FROM projection.relay_policies WHERE restricted';

async function interleaved<Name extends 'allow' | 'deny'>(stage: Stage, peerUrl: string, ip: string, name: Name) {
  const decide = decision(stage, ip, name);
  await fire(stage.url, decide, WARM_UP_SECONDS);
  await fire(peerUrl, decide, WARM_UP_SECONDS);
  const [ours, theirs]: [Result[], Result[]] = [[], []];
  let [cpu, peerCpu] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    const [before, peerBefore] = [await cpuSeconds(stage.url), await cpuSeconds(peerUrl)];
    ours.push(await fire(stage.url, decide, SECONDS));
    theirs.push(await fire(peerUrl, decide, SECONDS));
    cpu += (await cpuSeconds(stage.url)) - before;
    peerCpu += (await cpuSeconds(peerUrl)) - peerBefore;
  }
  const micros = (seconds: number, turns: readonly Result[]) =>
    rounded((seconds * 1e6) / turns.reduce((sum, { requests }) => sum + requests.total, 0), 0);
  const postern = { ...figuresOf('turn', ours), cpu: micros(cpu, ours) };
  const peer = { ...figuresOf('turn', theirs), cpu: micros(peerCpu, theirs) };
  const line = ({ turnPerSecond, turnP50Ms, turnP99Ms, cpu }: typeof peer) =>
    `${turnPerSecond}/s, p50 ${turnP50Ms} ms, p99 ${turnP99Ms} ms, ${cpu} µs of CPU each`;
  console.log(`Answers ${name}, ${CONNECTIONS} connections, ${TURNS} turns of ${SECONDS} s, ${USERS} users:`);
  console.log(`Postern: ${line(postern)}`);
  console.log(`Fastify and one SELECT${name === 'deny' ? ' and one INSERT' : ''}: ${line(peer)}`);
  return {
    figures: {
      [`${name}PerSecond`]: postern.turnPerSecond,
      [`${name}P50Ms`]: postern.turnP50Ms,
      [`${name}P99Ms`]: postern.turnP99Ms,
      [`${name}CpuMicros`]: postern.cpu,
      [`${name}PeerPerSecond`]: peer.turnPerSecond,
      [`${name}PeerP50Ms`]: peer.turnP50Ms,
      [`${name}PeerP99Ms`]: peer.turnP99Ms,
      [`${name}PeerCpuMicros`]: peer.cpu,
    },
    ratios: {
      [`${name}TimesPeer`]: rounded(postern.turnPerSecond / peer.turnPerSecond, 3),
      [`${name}P99TimesPeer`]: rounded(postern.turnP99Ms / peer.turnP99Ms),
    },
  };
}

/** The same question for both: the next user, of 2,000. An answer other than the one that is measured ends the bench. */
function decision(stage: Stage, ip: string, expected: string): Request {
  let sent = 0;
  return {
    method: 'POST',
    path: '/v1/relay/decisions',
    headers: { authorization: `Bearer ${stage.relayKey}`, 'content-type': 'application/json' },
    setupRequest: (request) => {
      const { username } = stage.users[sent++ % USERS] as Stage['users'][number];
      return { ...request, body: JSON.stringify({ username, ip }) };
    },
    onResponse: (_, body) => {
      if (!body.startsWith(`{"decision":"${expected}"`)) throw new Error(`It was to be ${expected}, and is ${body}`);
    },
  };
}
