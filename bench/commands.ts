import type { Request, Result } from 'autocannon';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerUrl } from './parts/owner-url.js';
import { CONNECTIONS, figuresOf, fire, startPeer } from './parts/peer-turns.js';
import { rounded } from './parts/quantile.js';
import { setStage, TENANT, type Stage } from './parts/stage.js';

const TURNS = 3;
const SECONDS = 5;
const WARM_UP_SECONDS = 3;
/** Each gets some hundred entries during the run, as lists of platform teams have. */
const USERS = 400;

/**
 * `POST …/restriction/entries` over HTTP, alternating with the program that a user would write instead (see `commands-parts/peer.ts`), on the
 * same PostgreSQL; and `GET /health/live`: what HTTP alone costs here.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const stage = await setStage(USERS);
  const peer = await startPeer(join(import.meta.dirname, 'commands-parts', 'peer.js'), await ownerUrl(stage.dataDir));
  try {
    const add = addEntry(stage);
    const ours: Result[] = [];
    const theirs: Result[] = [];
    await fire(stage.url, add, WARM_UP_SECONDS);
    await fire(peer.url, add, WARM_UP_SECONDS);
    let behindMs = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      ours.push(await fire(stage.url, add, SECONDS));
      behindMs = Math.max(behindMs, await untilFollowed(stage.url));
      theirs.push(await fire(peer.url, add, SECONDS));
    }
    const live = await fire(stage.url, { method: 'GET', path: '/health/live' }, SECONDS);
    const figures = {
      cores: availableParallelism(),
      ...figuresOf('commands', ours),
      readModelsBehindMs: behindMs,
      ...figuresOf('peer', theirs),
      livePerSecond: rounded(live.requests.average, 0),
    };
    console.log(`POST entries, ${CONNECTIONS} connections, ${TURNS} turns of ${SECONDS} s, ${USERS} users:`);
    console.log(
      `Postern: ${figures.commandsPerSecond}/s, p50 ${figures.commandsP50Ms} ms, p99 ${figures.commandsP99Ms} ms;`,
    );
    console.log(`its read models have all of it ${behindMs} ms after the last answer.`);
    console.log(
      `Fastify and one INSERT: ${figures.peerPerSecond}/s, p50 ${figures.peerP50Ms} ms, p99 ${figures.peerP99Ms} ms`,
    );
    console.log(`GET /health/live, same process and client: ${figures.livePerSecond}/s`);
    return {
      bench: 'commands',
      figures,
      ratios: {
        timesPeer: rounded(figures.commandsPerSecond / figures.peerPerSecond, 3),
        p99TimesPeer: rounded(figures.commandsP99Ms / figures.peerP99Ms),
        commandsToLive: rounded(figures.commandsPerSecond / figures.livePerSecond, 3),
      },
    };
  } finally {
    peer.end();
    await stage.tearDown();
  }
}

/** The same request for both: the next user of the tenant, an address that is not there yet. */
function addEntry(stage: Stage): Request {
  let sent = 0;
  return {
    method: 'POST',
    headers: { authorization: `Bearer ${stage.adminKey}`, 'content-type': 'application/json' },
    setupRequest: (request) => {
      const n = sent++;
      const user = stage.users[n % USERS];
      const range = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
      return {
        ...request,
        path: `/v1/tenants/${TENANT}/smtp-users/${user?.id}/restriction/entries`,
        body: JSON.stringify({ entries: [{ range, note: 'bench' }] }),
      };
    },
  };
}

/** Milliseconds until no consumer is behind the journal. */
async function untilFollowed(url: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const lags = [...text.matchAll(/^postern_feed_lag_events\{[^}]*\} (\d+)$/gm)];
    if (lags.length > 0 && lags.every(([, events]) => events === '0')) return rounded(performance.now() - began, 0);
    await sleep(20);
  }
}
