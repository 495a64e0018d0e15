/**
 * Consumers that are far behind: a Postern in one process starts on a journal that none of its read models has applied. Events a second of
 * each consumer, from the first checkpoint that moves to its own last one. BENCH_USERS users with ten events each.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { asking, startPosternProcess } from '@postern/testing';
import pg from 'pg';
import { addUsers, DATA_TENANT } from './parts/journal-data.js';
import { ownerUrl } from './parts/owner-url.js';
import { rounded } from './parts/quantile.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 20_000);
const EVENTS = USERS * 10;
const CONSUMERS = ['relay-policies', 'smtp-user-directory', 'audit-changes'];
const WITHIN_MS = 900_000;
const LOOK_EVERY_MS = 50;
const TICKS_PER_SECOND = 100;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-catch-up-'));
  try {
    await prepare(folder);
    const starting = startPosternProcess({ POSTERN_DATA_DIR: folder });
    try {
      const seconds = await follow(folder);
      const cpu = await cpuSeconds(folder, (await starting).pid);
      const figures: Record<string, number> = { cores: availableParallelism(), events: EVENTS };
      for (const [consumer, took] of seconds) figures[`${consumer}.eventsPerSecond`] = rounded(EVENTS / took, 0);
      figures['processCpuMicrosPerEvent'] = rounded((cpu.process * 1e6) / EVENTS, 1);
      figures['databaseCpuMicrosPerEvent'] = rounded((cpu.database * 1e6) / EVENTS, 1);
      figures['seconds'] = rounded(Math.max(...seconds.values()));
      console.log(
        `${EVENTS} events, three consumers in one process: ${figures['seconds']} s until the last has caught up`,
      );
      return { bench: 'catch-up', figures, ratios: {} };
    } finally {
      await (await starting).end('SIGTERM');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A journal with the users' events that no consumer has read. */
async function prepare(folder: string): Promise<void> {
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: folder });
  await asking(postern.url, postern.operatorKey ?? '')('POST', '/v1/tenants', { id: DATA_TENANT, name: 'Bench' });
  await postern.end('SIGTERM');
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  const owner = new pg.Client({ connectionString: server.url('postern') });
  try {
    await owner.connect();
    await addUsers(owner, USERS);
    await owner.query('VACUUM ANALYZE journal.events');
    await owner.query('CHECKPOINT');
  } finally {
    await owner.end();
    await server.stop();
  }
}

/** The seconds that each consumer takes to the end of the journal. */
async function follow(folder: string): Promise<ReadonlyMap<string, number>> {
  const owner = await connect(folder);
  try {
    const first = await checkpoints(owner);
    const took = new Map<string, number>();
    let since: number | null = null;
    for (const late = performance.now() + WITHIN_MS; took.size < CONSUMERS.length; await sleep(LOOK_EVERY_MS)) {
      if (performance.now() > late)
        throw new Error(`Caught up within ${WITHIN_MS} ms: only ${[...took.keys()].join(', ')}.`);
      const now = await checkpoints(owner);
      if (since === null && CONSUMERS.some((name) => now.get(name)?.position !== first.get(name)?.position))
        since = performance.now();
      for (const name of CONSUMERS)
        if (since !== null && now.get(name)?.done && !took.has(name))
          took.set(name, (performance.now() - since) / 1_000);
    }
    return took;
  } finally {
    await owner.end();
  }
}

/** By the server's files: the Postern that starts needs the lease that `findEmbeddedPostgres` would take for a moment. */
async function connect(folder: string): Promise<pg.Client> {
  for (const late = performance.now() + 60_000; performance.now() < late; await sleep(LOOK_EVERY_MS)) {
    try {
      const owner = new pg.Client({ connectionString: await ownerUrl(folder) });
      await owner.connect();
      return owner;
    } catch {
      // It is not there yet.
    }
  }
  throw new Error('The embedded PostgreSQL did not start.');
}

/** Since their start, of the process and of the database's server with all of its own; on a busy machine a steadier figure than the time. */
async function cpuSeconds(
  folder: string,
  pid: number,
): Promise<{ readonly process: number; readonly database: number }> {
  const [postmaster] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  let database = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const { parent, own, ended } = await ticksOf(name).catch(() => ({ parent: '', own: 0, ended: 0 }));
    if (name === postmaster) database += own + ended;
    else if (parent === postmaster) database += own;
  }
  const { own } = await ticksOf(String(pid));
  return { process: own / TICKS_PER_SECOND, database: database / TICKS_PER_SECOND };
}

/** proc_pid_stat(5), behind the name in parentheses: `utime` and `stime`, `cutime` and `cstime` in ticks. */
async function ticksOf(pid: string) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
  const [own = 0, system = 0, ended = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
  return { parent: fields[1], own: own + system, ended: ended + endedSystem };
}

async function checkpoints(
  owner: pg.Client,
): Promise<Map<string, { readonly position: string; readonly done: boolean }>> {
  const { rows } = await owner.query<{ consumer: string; position: string; done: boolean }>(
    `SELECT consumer, position, position >= (SELECT max(position) FROM journal.events WHERE stream_id LIKE 'smtp-user/%') AS done
       FROM (SELECT consumer, position FROM projection.checkpoints
              UNION ALL SELECT consumer, position FROM audit.checkpoints) all_of_them`,
  );
  return new Map(rows.map(({ consumer, ...rest }) => [consumer, rest]));
}
