/**
 * From username and source IP, both strings as a relay has them, to the decision: hashing the name, finding the user,
 * parsing the address, matching. All look-ups are random over all users, half of the addresses inside a range. The strings
 * are new ones, a thousand at a time, made before the clock runs: as after reading a socket they are in the cache, and
 * their hashes are not known. Our replica and two peers take turns in one process; so does a chase of dependent pointers,
 * the measure of what memory costs on this machine. Names come in lower case, which the peers need not see to.
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
  const missNs = median(times.get('chase') ?? []);
  const nanoseconds = (name: string): number => median(times.get(name) ?? []);
  const ns = nanoseconds('postern');
  console.log(`one dependent miss (pointer chase over 128 MB): ${missNs.toFixed(1)} ns`);
  for (const { name } of contenders) console.log(`${name.padEnd(10)} ${nanoseconds(name).toFixed(0)} ns a decision`);

  return {
    bench: 'decision',
    figures: {
      users: USERS,
      decisionNs: round(ns),
      blockListNs: round(nanoseconds('blockList')),
      ipaddrJsNs: round(nanoseconds('ipaddrJs')),
      pointerChaseNs: round(missNs),
      bytesPerUser: round(bytesPerUser),
      processBytesPerUser: round(processBytesPerUser),
      loadSeconds: round(loadSeconds),
    },
    ratios: {
      missesPerDecision: round(ns / missNs),
      timesBlockList: round(nanoseconds('blockList') / ns),
      timesIpaddrJs: round(nanoseconds('ipaddrJs') / ns),
    },
  };
}

/** Nanoseconds a decision (or a step of the chase), per round. All take turns within a round, in another order each time. */
function measure(population: Population, contenders: readonly Contender[], cycle: Int32Array): Map<string, number[]> {
  const times = new Map<string, number[]>();
  let at = 0;
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round + WARM_UP_ROUNDS) % contenders.length] as Contender;
      note(times, contender.name, round, takeTurn(population, contender));
    }
    const started = performance.now();
    at = chase(cycle, at, CHASE_STEPS);
    note(times, 'chase', round, ((performance.now() - started) * 1e6) / CHASE_STEPS);
  }
  return times;
}

/** Nanoseconds a decision. Every answer is checked: what ought to be let in was, and nothing else. */
function takeTurn(population: Population, contender: Contender): number {
  let milliseconds = 0;
  for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
    const usernames: string[] = [];
    const ips: string[] = [];
    let inside = 0;
    for (let i = 0; i < BATCH; i++) {
      const user = below(population.users);
      const isInside = below(2) === 0;
      if (isInside) inside++;
      usernames.push(fresh(population.username(user)));
      ips.push(fresh(population.address(user, isInside)));
    }
    const started = performance.now();
    const allowed = contender.decideAll(usernames, ips);
    milliseconds += performance.now() - started;
    if (allowed !== inside) throw new Error(`${contender.name} let ${allowed} in, where ${inside} belong in.`);
  }
  return (milliseconds * 1e6) / (BATCH * BATCHES_PER_TURN);
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
const round = (value: number): number => Number(value.toFixed(value < 10 ? 2 : 1));
