import { availableParallelism } from 'node:os';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { RelayClient } from '@postern/relay-client';
import { requestedArrangement } from './parts/bench-process.js';
import { quantile, rounded } from './parts/quantile.js';
import { setStage, TENANT } from './parts/stage.js';

const REPLICAS = 10;
const CHANGES = 300;
const WARM_UP = 20;
const USERS = 50;
/** A change that is not enforced by then has failed. */
const LIMIT_MS = 5_000;

const NAMES = {
  'one process': 'propagation',
  services: 'propagation --services',
  'services on the feed': 'propagation --services --feed',
} as const;

/**
 * From the 201 of an added entry to the first yes of each of ten replicas; the same process sends and decides, so one clock serves.
 * With `--services`: through the supervisor's proxy, three services and a broker, each a process of its own. With `--feed` too: without
 * the broker, which shows what Kafka costs.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const arrangement = requestedArrangement();
  const stage = await setStage(USERS, arrangement);
  const relays = Array.from(
    { length: REPLICAS },
    (_, i) => new RelayClient({ urls: [stage.url], key: stage.relayKey, relayName: `mx${i}` }),
  );
  try {
    for (const user of stage.users) {
      await stage.admin('POST', `/v1/tenants/${TENANT}/smtp-users/${user.id}/restriction/entries`, {
        entries: [{ range: '192.0.2.1' }],
      });
    }
    await Promise.all(relays.map((relay) => relay.start()));
    const delays: number[] = [];
    const answers: number[] = [];
    for (let n = 0; n < WARM_UP + CHANGES; n += 1) {
      const user = stage.users[n % USERS];
      if (!user) throw new Error('There are no users.');
      const ip = `10.0.${n >> 8}.${n & 255}`;
      const sent = performance.now();
      const { status } = await stage.admin('POST', `/v1/tenants/${TENANT}/smtp-users/${user.id}/restriction/entries`, {
        entries: [{ range: ip }],
      });
      const answered = performance.now();
      if (status !== 201) throw new Error(`A change was refused: ${status}`);
      const enforced = await enforcedAfter(relays, user.username, ip, answered);
      if (n >= WARM_UP) {
        delays.push(...enforced);
        answers.push(answered - sent);
      }
      await sleep(5);
    }
    const figures = {
      cores: availableParallelism(),
      replicas: REPLICAS,
      changes: CHANGES,
      p50Ms: rounded(quantile(delays, 0.5)),
      p99Ms: rounded(quantile(delays, 0.99)),
      maxMs: rounded(Math.max(...delays)),
      post201P50Ms: rounded(quantile(answers, 0.5)),
    };
    console.log(`From the 201 to the yes of each of ${REPLICAS} replicas, ${CHANGES} changes (${arrangement}):`);
    console.log(
      `p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms, max ${figures.maxMs} ms (the POST itself: p50 ${figures.post201P50Ms} ms)`,
    );
    return {
      bench: NAMES[arrangement],
      figures,
      ratios: {
        p50ToPost: rounded(figures.p50Ms / figures.post201P50Ms),
        p99ToPost: rounded(figures.p99Ms / figures.post201P50Ms),
      },
    };
  } finally {
    await Promise.all(relays.map((relay) => relay.stop()));
    await stage.tearDown();
  }
}

/** Milliseconds from `since` until each replica allows. */
async function enforcedAfter(
  relays: readonly RelayClient[],
  username: string,
  ip: string,
  since: number,
): Promise<number[]> {
  const delays: number[] = [];
  const waiting = new Set(relays);
  while (waiting.size > 0) {
    for (const relay of waiting) {
      if (relay.peek(username, ip).decision !== 'allow') continue;
      waiting.delete(relay);
      delays.push(performance.now() - since);
    }
    if (performance.now() - since > LIMIT_MS)
      throw new Error(`${waiting.size} replicas do not enforce a change after ${LIMIT_MS} ms.`);
    await turn();
  }
  return delays;
}
