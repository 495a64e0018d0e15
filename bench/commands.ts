import autocannon, { type Request, type Result } from 'autocannon';
import { availableParallelism } from 'node:os';
import { setStage, TENANT, type Stage } from './parts/stage.js';
import { rounded } from './parts/quantile.js';

const CONNECTIONS = 16;
const SECONDS = 10;
const WARM_UP_SECONDS = 3;
/** Each gets some hundred entries during the run, as lists of platform teams have. */
const USERS = 400;

/** `POST …/restriction/entries` over HTTP, beside `GET /health/live` of the same process: what HTTP alone costs here. */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const stage = await setStage(USERS);
  try {
    let sent = 0;
    const add: Request = {
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
    await fire(stage, add, WARM_UP_SECONDS);
    const commands = await fire(stage, add, SECONDS);
    const live = await fire(stage, { method: 'GET', path: '/health/live' }, 5);
    if (commands.non2xx > 0 || commands.errors > 0) {
      throw new Error(
        `${commands.non2xx} commands were refused and ${commands.errors} failed: the figures would be of something else.`,
      );
    }
    const figures = {
      cores: availableParallelism(),
      commandsPerSecond: rounded(commands.requests.average, 0),
      p50Ms: commands.latency.p50,
      p99Ms: commands.latency.p99,
      maxMs: commands.latency.max,
      livePerSecond: rounded(live.requests.average, 0),
    };
    console.log(
      `POST entries, ${CONNECTIONS} connections, ${SECONDS} s, ${USERS} users: ${figures.commandsPerSecond}/s`,
    );
    console.log(`latency: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms, max ${figures.maxMs} ms`);
    console.log(`GET /health/live, same process and client: ${figures.livePerSecond}/s`);
    const ratios = { commandsToLive: rounded(figures.commandsPerSecond / figures.livePerSecond, 3) };
    return { bench: 'commands', figures, ratios };
  } finally {
    await stage.strike();
  }
}

function fire(stage: Stage, request: Request, duration: number): Promise<Result> {
  return autocannon({ url: stage.url, connections: CONNECTIONS, duration, requests: [request] });
}
