/**
 * From username and source IP, both strings as a relay has them, to the decision: hashing the name, finding the user,
 * parsing the address, matching. All look-ups are random over all users, half of the addresses inside a range. The strings
 * are new ones, a thousand at a time, made before the clock runs: as after reading a socket they are in the cache, and
 * their hashes are not known. Our replica and two peers alternate in one process. Names come in lower case, which the
 * peers need not see to. What memory costs on this machine is measured by a chase of dependent pointers over 128 MB, a million
 * steps at one go: `missesPerDecision`, the goal of 4, is measured by that. The same chase also alternates with them, a thousand
 * steps at a time between making strings, where caches and page tables are as cold for it as for a decision: that kinder
 * unit gives `missesInTurnsPerDecision`, to explain the first figure and not to replace it. Times are medians of rounds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { blockLists, parsedRanges, replicaOf } from './decision-parts/contenders.js';
import type { Contender } from './decision-parts/contenders.js';
import { chase, pointerCycle } from './decision-parts/pointer-chase.js';
import { Population } from './decision-parts/population.js';
import { below } from './decision-parts/random.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const BATCH = 1_000;
const BATCHES_PER_TURN = 200;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 2;
const CHASE_BYTES = 128 * 1024 * 1024;
const CHASE_STEPS = 1_000_000;

export interface BenchResult {
  readonly bench: string;
  readonly figures: Record<string, number>;
  readonly ratios: Record<string, number>;
}

export async function run(): Promise<BenchResult> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const population = new Population(USERS);

  collect();
  const before = process.memoryUsage();
  let started = performance.now();
  const { contender: postern, replica } = replicaOf(population);
  const loadSeconds = (performance.now() - started) / 1_000;
  collect();
  const after = process.memoryUsage();
  const bytesPerUser = replica.byteLength / USERS;
  const processBytesPerUser = (after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed) / USERS;
  console.log(
    `${USERS} users x 3 mixed ranges: ${bytesPerUser.toFixed(1)} bytes a user in arrays, ` +
      `${processBytesPerUser.toFixed(1)} in heap and arrays together; loaded in ${loadSeconds.toFixed(1)} s`,
  );

  const contenders: Contender[] = [postern];
  for (const build of [blockLists, parsedRanges]) {
    started = performance.now();
    const rss = process.memoryUsage().rss;
    contenders.push(build(population));
    const grown = (process.memoryUsage().rss - rss) / USERS;
    const seconds = (performance.now() - started) / 1_000;
    console.log(`${contenders.at(-1)?.name}: built in ${seconds.toFixed(1)} s, about ${grown.toFixed(0)} bytes a user`);
  }
  const cycle = pointerCycle(CHASE_BYTES);
  collect();

  const times = measure(population, contenders, cycle);
  const nanoseconds = (name: string): number => median(times.get(name) ?? []);
  const ns = nanoseconds('postern');
  const missNs = nanoseconds('chase');
  const steadyMissNs = nanoseconds('steadyChase');
  console.log(
    `one dependent miss, 128 MB: ${missNs.toFixed(0)} ns as a contender, ${steadyMissNs.toFixed(0)} ns at one go`,
  );
  for (const { name } of contenders) console.log(`${name.padEnd(10)} ${nanoseconds(name).toFixed(0)} ns a decision`);

  return {
    bench: 'decision',
    figures: {
      users: USERS,
      decisionNs: rounded(ns),
      blockListNs: rounded(nanoseconds('blockList')),
      ipaddrJsNs: rounded(nanoseconds('ipaddrJs')),
      pointerChaseNs: rounded(steadyMissNs),
      pointerChaseInTurnsNs: rounded(missNs),
      bytesPerUser: rounded(bytesPerUser),
      processBytesPerUser: rounded(processBytesPerUser),
      loadSeconds: rounded(loadSeconds),
    },
    ratios: {
      missesPerDecision: rounded(ns / steadyMissNs),
      missesInTurnsPerDecision: rounded(ns / missNs),
      timesBlockList: rounded(nanoseconds('blockList') / ns),
      timesIpaddrJs: rounded(nanoseconds('ipaddrJs') / ns),
    },
  };
}

type Batch = { usernames: string[]; ips: string[]; inside: number };
/** One thousand decisions, or steps. */
type Turn = (batch: Batch) => void;

/** Nanoseconds a decision (or a step of the chase), per round. All alternate within a round, in another order each time. */
function measure(population: Population, contenders: readonly Contender[], cycle: Int32Array): Map<string, number[]> {
  let at = 0;
  const turns: [string, Turn][] = contenders.map((contender) => [contender.name, decide(contender)]);
  turns.push(['chase', () => (at = chase(cycle, at, BATCH))]);
  const times = new Map<string, number[]>();
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (let i = 0; i < turns.length; i++) {
      const [name, turn] = turns[(i + round + WARM_UP_ROUNDS) % turns.length] as [string, Turn];
      note(times, name, round, takeTurn(population, turn));
    }
    const started = performance.now();
    at = chase(cycle, at, CHASE_STEPS);
    note(times, 'steadyChase', round, ((performance.now() - started) * 1e6) / CHASE_STEPS);
  }
  return times;
}

/** Every answer is checked: what ought to be let in was, and nothing else. */
function decide(contender: Contender): Turn {
  return ({ usernames, ips, inside }) => {
    const allowed = contender.decideAll(usernames, ips);
    if (allowed !== inside) throw new Error(`${contender.name} let ${allowed} in, where ${inside} belong in.`);
  };
}

/** Nanoseconds a decision. */
function takeTurn(population: Population, turn: Turn): number {
  let milliseconds = 0;
  for (let n = 0; n < BATCHES_PER_TURN; n++) {
    const batch = makeBatch(population);
    const started = performance.now();
    turn(batch);
    milliseconds += performance.now() - started;
  }
  return (milliseconds * 1e6) / (BATCH * BATCHES_PER_TURN);
}

function makeBatch(population: Population): Batch {
  const batch: Batch = { usernames: [], ips: [], inside: 0 };
  for (let i = 0; i < BATCH; i++) {
    const user = below(population.users);
    const isInside = below(2) === 0;
    if (isInside) batch.inside++;
    batch.usernames.push(fresh(population.username(user)));
    batch.ips.push(fresh(population.address(user, isInside)));
  }
  return batch;
}

function note(times: Map<string, number[]>, name: string, round: number, nanoseconds: number): void {
  if (round < 0) return;
  const list = times.get(name) ?? [];
  list.push(nanoseconds);
  times.set(name, list);
}

/** A flat string of its own, whose hash nobody has asked for yet. */
const fresh = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Number(value.toFixed(value < 10 ? 2 : 1));
