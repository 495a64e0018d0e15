/**
 * How long events stop when something dies, with two of each service and Kafka between them, under load; and, in the
 * same run, what an event takes while nothing is wrong. BENCH_ROUNDS of each, alternating; BENCH_FAULTS names some of them, by commas.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServicesWorld } from '@postern/testing';
import pg from 'pg';
import { SeededLoad } from '../apps/supervisor/src/testing/seeded-load.js';
import {
  brokerKilled,
  leaderGone,
  readerKilled,
  undisturbed,
  type Scene,
  type Times,
} from './failover-parts/faults.js';
import { FirstEvents } from './failover-parts/first-event.js';
import { quantile, rounded } from './parts/quantile.js';

const ONLY = process.env['BENCH_FAULTS']?.split(',');
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Of which the load writes to the first. */
const USERS = 30;
const LOADED = 6;
const SEED = 6;
const LOAD_PAUSE_MS = 40;
const UNDISTURBED_EACH = 5;
/** After everybody is ready again, group members still move partitions. */
const SETTLE_MS = 3_000;

const FAULTS = {
  leaderKilled: (scene: Scene) => leaderGone(scene, 'SIGKILL'),
  leaderFrozen: (scene: Scene) => leaderGone(scene, 'SIGSTOP'),
  projectionKilled: (scene: Scene, round: number) => readerKilled(scene, 'projection-service', round),
  auditTrailKilled: (scene: Scene, round: number) => readerKilled(scene, 'audit-trail-service', round),
  brokerKilled,
} satisfies Record<string, (scene: Scene, round: number) => Promise<Times>>;

type Fault = keyof typeof FAULTS;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const world = await ServicesWorld.start({ users: USERS, fsync: 'on' });
  const database = new pg.Client({ connectionString: world.databaseUrl });
  const load = new SeededLoad(SEED, world, LOAD_PAUSE_MS, world.users.slice(0, LOADED));
  try {
    await database.connect();
    load.start();
    const scene = {
      world,
      database,
      first: FirstEvents.of(world, await world.startRelay(), database, world.users.slice(LOADED)),
    };
    const usual: Times[] = [];
    const times: Record<Fault, Times[]> = {
      leaderKilled: [],
      leaderFrozen: [],
      projectionKilled: [],
      auditTrailKilled: [],
      brokerKilled: [],
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, fault] of Object.entries(FAULTS) as [Fault, (typeof FAULTS)[Fault]][]) {
        if (ONLY && !ONLY.includes(name)) continue;
        await world.allReady();
        await sleep(SETTLE_MS);
        for (let i = 0; i < UNDISTURBED_EACH; i++) usual.push(await undisturbed(scene));
        const took = await fault(scene, round);
        times[name].push(took);
        const shown = Object.entries(took).map(([what, ms]) => `${what} ${Math.round(ms)} ms`);
        console.log(`round ${round + 1}, ${name}: ${shown.join(', ')}`);
      }
    }
    await load.stop();
    return result(usual, times);
  } finally {
    await database.end().catch(() => undefined);
    await world.end();
  }
}

function result(usual: readonly Times[], times: Readonly<Record<Fault, readonly Times[]>>) {
  const figures: Record<string, number> = { cores: availableParallelism(), rounds: ROUNDS };
  const ratios: Record<string, number> = {};
  const median = (all: readonly Times[], what: string) => quantile(valuesOf(all, what), 0.5);
  const usually = { enforced: median(usual, 'enforced'), recorded: median(usual, 'recorded') };
  figures['enforcedP50Ms'] = rounded(usually.enforced);
  figures['recordedP50Ms'] = rounded(usually.recorded);
  for (const [name, all] of Object.entries(times)) {
    for (const what of Object.keys(all[0] ?? {})) {
      const figure = `${name}${what.charAt(0).toUpperCase()}${what.slice(1)}`;
      figures[`${figure}P50Ms`] = rounded(median(all, what), 0);
      figures[`${figure}MaxMs`] = rounded(Math.max(...valuesOf(all, what)), 0);
    }
    if (all.length === 0) continue;
    if (name === 'brokerKilled') {
      ratios['brokerEnforcedToUp'] = rounded(median(all, 'enforced') / median(all, 'up'));
      ratios['brokerWrittenToUp'] = rounded(median(all, 'written') / median(all, 'up'));
      ratios['brokerRecordedToUp'] = rounded(median(all, 'recorded') / median(all, 'up'));
    } else {
      const { enforced, recorded } = usually;
      ratios[`${name}ToUsual`] = rounded(median(all, 'applied') / (name === 'auditTrailKilled' ? recorded : enforced));
    }
  }
  return { bench: 'failover', figures, ratios };
}

function valuesOf(all: readonly Times[], what: string): number[] {
  return all.map((times) => times[what] ?? Number.NaN);
}
