/**
 * From username and source IP, both strings as a relay has them, to the decision: hashing the name, finding the user,
 * parsing the address, matching. All look-ups are random over all users, half of the addresses inside a range; the strings
 * are new ones (their hashes not cached, as after reading a socket), made before the clock starts. Our replica and two
 * peers take turns in one process; so does a chase of dependent pointers, the measure of what memory costs on this machine.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { blockLists, parsedRanges, replicaOf } from './decision-parts/contenders.js';
import type { Contender } from './decision-parts/contenders.js';
import { chase, pointerCycle } from './decision-parts/pointer-chase.js';
import { Population } from './decision-parts/population.js';
import { below } from './decision-parts/random.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const LOOKUPS = 100_000;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 3;
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
    const users = Array.from({ length: LOOKUPS }, () => below(population.users));
    const ips = users.map((user) => population.address(user, below(2) === 0));
    const allowed = new Set<number>();
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round + WARM_UP_ROUNDS) % contenders.length] as Contender;
      const usernames = users.map((user) => fresh(population.username(user)));
      const addresses = ips.map(fresh);
      const started = performance.now();
      allowed.add(contender.decideAll(usernames, addresses));
      note(times, contender.name, round, ((performance.now() - started) * 1e6) / LOOKUPS);
    }
    if (allowed.size !== 1) throw new Error(`The contenders do not agree: ${[...allowed].join(', ')} logins allowed.`);
    const started = performance.now();
    at = chase(cycle, at, CHASE_STEPS);
    note(times, 'chase', round, ((performance.now() - started) * 1e6) / CHASE_STEPS);
  }
  return times;
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
