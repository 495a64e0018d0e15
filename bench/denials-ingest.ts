import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asking, startPosternProcess } from '@postern/testing';
import { Client } from 'pg';
import { bareInsert } from './denials-ingest-parts/bare-insert.js';
import { BATCH, makeBatches } from './denials-ingest-parts/batches.js';
import { checkTrail } from './denials-ingest-parts/check-trail.js';
import { sendBatches } from './denials-ingest-parts/send-batches.js';
import { cpuSeconds } from './parts/cpu-seconds.js';
import { makeTenants } from './parts/tenants.js';
import { ownerUrl } from './parts/owner-url.js';
import { rounded } from './parts/quantile.js';

const TENANTS = 100;
const USERS_EACH = 100;
const DENIALS = Number(process.env['BENCH_DENIALS'] ?? 400_000);
const CONNECTIONS = Number(process.env['BENCH_CONNECTIONS'] ?? 4);
const WARM_UP = 20_000;
const POLL_MS = 50;

/**
 * Denials of 10,000 users in 100 tenants, posted in batches of 500 to a complete Postern (fsync on), until the audit trail
 * has the last of them; then whether it has each once. In the same run, bare INSERTs of the same rows.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
  const client = new Client({ connectionString: await ownerUrl(dataDir) });
  try {
    await client.connect();
    const operatorKey = postern.operatorKey ?? '';
    const relay = await asking(postern.url, operatorKey)('POST', '/v1/api-keys', { role: 'relay', name: 'bench' });
    const tenants = await makeTenants(postern.url, operatorKey, TENANTS, USERS_EACH);
    console.log(`${TENANTS} tenants with ${USERS_EACH} users each are there; ${DENIALS} denials are being made.`);
    const all = makeBatches(tenants, WARM_UP + DENIALS, Date.now());
    const warmUp = all.bodies.slice(0, WARM_UP / BATCH);
    const measured = all.bodies.slice(WARM_UP / BATCH);
    await sendBatches(postern.url, relay.body.key, warmUp, CONNECTIONS);
    await recorded(postern.url, WARM_UP);

    const cpuBefore = await cpuSeconds(postern.url);
    const began = performance.now();
    const answers = await sendBatches(postern.url, relay.body.key, measured, CONNECTIONS);
    const acknowledged = performance.now();
    await recorded(postern.url, WARM_UP + DENIALS);
    const queryable = performance.now();
    const cpu = (await cpuSeconds(postern.url)) - cpuBefore;
    if (answers.accepted !== DENIALS) throw new Error(`Not all were accepted: ${JSON.stringify(answers)}`);

    const perSecond = (DENIALS * 1_000) / (queryable - began);
    console.log(`${rounded(perSecond, 0)} denials/s until they can be queried; now whether the trail has each once …`);

    await checkTrail(client, postern.url, tenants, all);
    const insertPerSecond = await bareInsert(client, all.ids.length);
    const figures = {
      cores: availableParallelism(),
      denials: DENIALS,
      batch: BATCH,
      connections: CONNECTIONS,
      denialsPerSecond: rounded(perSecond, 0),
      acknowledgedPerSecond: rounded((DENIALS * 1_000) / (acknowledged - began), 0),
      processCpuMicrosPerDenial: rounded((cpu * 1e6) / DENIALS, 1),
      behindMs: rounded(queryable - acknowledged, 0),
      lost: 0,
      doubled: 0,
      insertPerSecond: rounded(insertPerSecond, 0),
    };
    console.log(
      `None lost, none doubled. The answers alone: ${figures.acknowledgedPerSecond}/s; the trail was ${figures.behindMs} ms behind.`,
    );
    console.log(`Bare INSERTs of the same rows within the server: ${figures.insertPerSecond}/s`);
    return { bench: 'denials-ingest', figures, ratios: { timesInsert: rounded(perSecond / insertPerSecond) } };
  } finally {
    await client.end().catch(() => undefined);
    await postern.end('SIGTERM');
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Waits until this many denials are committed, by the service's own metric. */
async function recorded(url: string, count: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const found = Number(/^postern_audit_denials_recorded_total (\d+)$/m.exec(text)?.[1] ?? 0);
    if (found >= count) return;
    await sleep(POLL_MS);
  }
}
