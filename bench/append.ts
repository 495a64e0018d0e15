/**
 * One event to a new stream, durable (fsync on), by 16 callers at a time, each waiting for its own outcome: the journal,
 * emmett's PostgreSQL event store, and a bare INSERT. All on one embedded server, alternating; the medians of the rounds.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { emmett, insert, postern, type Contender } from './append-parts/contenders.js';

const CALLERS = 16;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const ROUND_MS = 2_000;
const WARM_UP_MS = 1_000;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  try {
    return await compare(server.url());
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(url: string): Promise<Awaited<ReturnType<typeof run>>> {
  const contenders = [await postern(url), await emmett(url, CALLERS), await insert(url, CALLERS)];
  for (const contender of contenders) await round(contender, WARM_UP_MS);
  const rounds = new Map(contenders.map(({ name }) => [name, [] as Round[]]));
  for (let i = 1; i <= ROUNDS; i++) {
    for (const contender of contenders) rounds.get(contender.name)?.push(await round(contender, ROUND_MS));
    const rates = contenders.map(({ name }) => `${name} ${rounds.get(name)?.at(-1)?.perSecond.toFixed(0)}/s`);
    console.log(`round ${i}: ${rates.join('   ')}`);
  }
  for (const contender of contenders) await contender.close();

  const rate = (name: Contender['name']) => median((rounds.get(name) ?? []).map((r) => r.perSecond));
  const latency = (name: Contender['name']) => median((rounds.get(name) ?? []).map((r) => r.medianMs));
  for (const { name } of contenders)
    console.log(`${name.padEnd(8)} ${rate(name).toFixed(0)} appends/s, median ${latency(name).toFixed(2)} ms`);
  return {
    bench: 'append',
    figures: {
      callers: CALLERS,
      posternPerSecond: Math.round(rate('postern')),
      emmettPerSecond: Math.round(rate('emmett')),
      insertPerSecond: Math.round(rate('insert')),
      posternMedianMs: rounded(latency('postern')),
      emmettMedianMs: rounded(latency('emmett')),
      insertMedianMs: rounded(latency('insert')),
    },
    ratios: {
      timesEmmett: rounded(rate('postern') / rate('emmett')),
      timesInsert: rounded(rate('postern') / rate('insert')),
    },
  };
}

interface Round {
  readonly perSecond: number;
  readonly medianMs: number;
}

async function round(contender: Contender, ms: number): Promise<Round> {
  const latencies: number[] = [];
  const began = performance.now();
  const caller = async () => {
    for (let now = performance.now(); now - began < ms;) {
      await contender.append();
      const after = performance.now();
      latencies.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { perSecond: (latencies.length * 1_000) / (performance.now() - began), medianMs: median(latencies) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
