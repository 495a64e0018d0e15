import autocannon from 'autocannon';
import { availableParallelism } from 'node:os';
import { startPosternProcess } from '@postern/testing';
import { adminOf, BUSY_EVENTS, DATA_TENANT, journalData } from './parts/journal-data.js';
import { quantile, rounded } from './parts/quantile.js';

const YEAR_MS = 365 * 86_400_000;
const CHECKS = 1_000;
const WARM_UP = 200;
const CONNECTIONS = 8;
const SECONDS = 5;

/** `check?ip=&at=` a year back over HTTP, next to the same check of now, which reads one row of the directory. */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const data = await journalData();
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: data.dataDir });
  try {
    const { key, ask } = await adminOf(postern.url, data);
    const path = `/v1/tenants/${DATA_TENANT}/smtp-users/${data.busyUser}/restriction/check?ip=172.16.0.3`;
    const at = new Date(Date.now() - YEAR_MS).toISOString();
    const { status, body } = await ask('GET', `${path}&at=${at}`);
    if (status !== 200 || body.version < BUSY_EVENTS / 3 || body.version > BUSY_EVENTS - 1) {
      throw new Error(`The check answered ${status} ${JSON.stringify(body)}`);
    }
    const headers = { authorization: `Bearer ${key}` };
    const then = await times(`${postern.url}${path}&at=${at}`, headers);
    // The complete history of the user: what a check of last night reads.
    const late = await times(`${postern.url}${path}&at=${new Date().toISOString()}`, headers);
    const now = await times(postern.url + path, headers);
    const busy = await autocannon({
      url: `${postern.url}${path}&at=${at}`,
      headers,
      connections: CONNECTIONS,
      duration: SECONDS,
    });
    if (busy.non2xx > 0 || busy.errors > 0) throw new Error(`${busy.non2xx + busy.errors} checks were not answered.`);
    const figures = {
      cores: availableParallelism(),
      events: BUSY_EVENTS,
      eventsUntilThen: body.version,
      p50Ms: rounded(quantile(then, 0.5)),
      p99Ms: rounded(quantile(then, 0.99)),
      allEventsP99Ms: rounded(quantile(late, 0.99)),
      nowP50Ms: rounded(quantile(now, 0.5)),
      nowP99Ms: rounded(quantile(now, 0.99)),
      checksPerSecond: rounded(busy.requests.average, 0),
      busyP99Ms: busy.latency.p99,
    };
    console.log(
      `A check a year back, ${body.version} of ${BUSY_EVENTS} events: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms`,
    );
    console.log(`over all ${BUSY_EVENTS} events: p99 ${figures.allEventsP99Ms} ms; now: p99 ${figures.nowP99Ms} ms`);
    console.log(`${CONNECTIONS} callers at once: ${figures.checksPerSecond}/s, p99 ${figures.busyP99Ms} ms`);
    return { bench: 'check-at', figures, ratios: { p50ToNow: rounded(figures.p50Ms / figures.nowP50Ms) } };
  } finally {
    await postern.end('SIGTERM');
  }
}

/** Milliseconds of each, one after the other. */
async function times(url: string, headers: Record<string, string>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < WARM_UP + CHECKS; i++) {
    const started = performance.now();
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`A check answered ${response.status}.`);
    if (i >= WARM_UP) taken.push(performance.now() - started);
  }
  return taken;
}
