/**
 * The database or Kafka is cut off from all services for 20 s, without a word, or 30 % of the packets to the database are lost: real cuts,
 * by iptables in a network of the bench's own. Checks that no write goes back to an earlier value or takes effect after its 503, and
 * prints the seconds from healing until everything flows. BENCH_ROUNDS of each; BENCH_CUTS names some of them, by commas. As root.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asking, ServicesWorld } from '@postern/testing';
import pg from 'pg';
import { poll } from './failover-parts/first-event.js';
import { dropPackets, hasOwnNetwork, runInOwnNetwork } from './network-cuts-parts/own-network.js';
import { checkJournal, DenialWriter, PolicyReader, RegisterWriter } from './network-cuts-parts/registers.js';
import { quantile, rounded } from './parts/quantile.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const ONLY = process.env['BENCH_CUTS']?.split(',');
const CUT_MS = 20_000;
const SETTLE_MS = 3_000;
/** More than one writer makes of them. */
const REGISTERS_A_ROUND = 5_000;
const DATABASE_PORT = 5_432;

const CUTS = {
  database: () => dropPackets(DATABASE_PORT, 1),
  kafka: (world: ServicesWorld) => dropPackets(Number(world.brokers.split(':')[1]), 1),
  databaseLoss: () => dropPackets(DATABASE_PORT, 0.3),
} satisfies Record<string, (world: ServicesWorld) => () => void>;

/** Seconds from healing. */
type Seconds = Readonly<Record<'written' | 'atRelays' | 'recorded', number>>;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  if (!hasOwnNetwork) process.exit(await runInOwnNetwork());
  const world = await ServicesWorld.start({ users: 4, fsync: 'on', byTcp: true });
  const database = new pg.Client({ connectionString: world.databaseUrl });
  try {
    await database.connect();
    const figures: Record<string, number> = { rounds: ROUNDS };
    let register = 0;
    for (const [name, cut] of Object.entries(CUTS)) {
      if (ONLY && !ONLY.includes(name)) continue;
      const all: Seconds[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await world.allReady();
        await sleep(SETTLE_MS);
        const took = await measure(world, database, (register += REGISTERS_A_ROUND), () => cut(world));
        all.push(took);
        console.log(`round ${round + 1}, ${name}: ${JSON.stringify(took)} s`);
      }
      for (const what of ['written', 'atRelays', 'recorded'] as const) {
        const seconds = all.map((took) => took[what]);
        figures[`${name}.${what}P50S`] = quantile(seconds, 0.5);
        figures[`${name}.${what}MaxS`] = Math.max(...seconds);
      }
    }
    return { bench: 'network-cuts', figures, ratios: {} };
  } finally {
    await database.end().catch(() => undefined);
    await world.end();
  }
}

async function measure(
  world: ServicesWorld,
  database: pg.Client,
  first: number,
  cut: () => () => void,
): Promise<Seconds> {
  const writers = world.users.map((user, i) => new RegisterWriter(user, world.admin, first, i % 2 === 1));
  const readers = world
    .instances('projection-service')
    .map(({ name, url }) => new PolicyReader(name, asking(url, world.relayKey)));
  const denials = new DenialWriter(world);
  await sleep(SETTLE_MS);
  const heal = cut();
  await sleep(CUT_MS);
  heal();
  const since = Date.now();
  const seconds = async (done: Promise<void>) => done.then(() => rounded((Date.now() - since) / 1_000));
  const [written, atRelays, recorded] = await Promise.all([
    seconds(poll(() => writers.every((writer) => writer.acknowledgedSince(since)))),
    seconds(
      poll(() =>
        writers.every((writer) => {
          const register = writer.acknowledgedSince(since)?.register ?? Infinity;
          return readers.every((reader) => reader.register(writer.user) >= register);
        }),
      ),
    ),
    seconds(
      poll(async () => {
        const ids = denials.acknowledged.filter(({ sentAt }) => sentAt >= since).map(({ id }) => id);
        if (ids.length === 0) return false;
        return (await database.query('SELECT FROM audit.denials WHERE id = ANY ($1::uuid[])', [ids])).rows.length > 0;
      }),
    ),
  ]);
  await sleep(SETTLE_MS);
  await Promise.all([...writers, ...readers, denials].map((each) => each.stop()));
  await checkJournal(database, writers);
  const writes = writers.flatMap((writer) => writer.writes);
  const answered = (wanted: number) => writes.filter(({ status }) => status === wanted).length;
  console.log(`${answered(200)} writes acknowledged, ${answered(503)} answered 503, ${answered(0)} without an answer`);
  return { written, atRelays, recorded };
}
