import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { digestToHex, EMPTY_DIGEST, policyDigest, xorDigest } from '@postern/contracts';
import { Population } from './decision-parts/population.js';
import { policyOf } from './million-parts/seed-policies.js';
import { rounded } from './parts/quantile.js';
import { Seeded } from './parts/seeded.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const RUNS = 3;
const LINES_AT_ONCE = 1_000;
/** As `npm run agent` starts it. */
const MEMORY = ['--max-semi-space-size=8', '--max-old-space-size=512'];

interface Start {
  readonly readyMs: number;
  readonly residentMb: number;
  readonly saveMs: number;
  readonly saveDelayMs: number;
}

/**
 * A relay with a million users that starts in a process of its own: from the network with an empty data folder, and from its data folder
 * with no control plane. Of each the best of three: the time to the first decision, and the resident memory a second later; then how long
 * the policies take to be kept, and the longest delay of a decision meanwhile.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const { body, headers } = await snapshot();
  const server = createServer((request, response) => {
    if (request.url === '/v1/relay/policies') response.writeHead(200, headers).end(body);
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(heartbeat(headers));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  try {
    const network: Start[] = [];
    for (let i = 0; i < RUNS; i++) {
      await rm(dataDir, { recursive: true });
      network.push(await start(url, dataDir));
    }
    const kept = await stat(join(dataDir, 'policies'));
    const disk: Start[] = [];
    for (let i = 0; i < RUNS; i++) disk.push(await start('http://127.0.0.1:9', dataDir));
    const figures = {
      cores: availableParallelism(),
      users: USERS,
      snapshotMb: rounded(body.length / 1e6, 1),
      keptMb: rounded(kept.size / 1e6, 1),
      networkReadyMs: best(network, 'readyMs'),
      networkResidentMb: best(network, 'residentMb'),
      diskReadyMs: best(disk, 'readyMs'),
      diskResidentMb: best(disk, 'residentMb'),
      saveMs: best(network, 'saveMs'),
      saveDelayMs: best([...network, ...disk], 'saveDelayMs'),
    };
    console.log(figures);
    return {
      bench: 'cold-start',
      figures,
      ratios: { diskToNetwork: rounded(figures.diskReadyMs / figures.networkReadyMs) },
    };
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const best = (starts: readonly Start[], figure: keyof Start): number =>
  rounded(Math.min(...starts.map((each) => each[figure])), 1);

async function start(url: string, dataDir: string): Promise<Start> {
  const program = join(import.meta.dirname, 'cold-start-parts', 'relay-process.js');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...MEMORY, program, url, 'pst_relay_bench_secret', dataDir],
    { env: { ...process.env, MALLOC_ARENA_MAX: '2' } },
  );
  const found = JSON.parse(stdout) as Start & { policies: number };
  if (found.policies !== USERS) throw new Error(`The relay has ${found.policies} policies.`);
  return found;
}

/** The beginning of Postern's stream if no tenant has a reply of its own: with it, the relay's replies are complete. */
function heartbeat(headers: Readonly<Record<string, string>>): string {
  const data = { revision: USERS, policies: USERS, digest: headers['postern-digest'], lagEvents: 0, lagSeconds: 0 };
  return `event: heartbeat\ndata: ${JSON.stringify(data)}\n\n`;
}

/** All policies as the control plane sends them, compressed. */
async function snapshot(): Promise<{ body: Buffer; headers: Record<string, string> }> {
  let digest = EMPTY_DIGEST;
  const population = new Population(USERS);
  const random = new Seeded(11);
  const lines = function* (): Generator<string> {
    for (let user = 0; user < USERS;) {
      let text = '';
      for (const end = Math.min(user + LINES_AT_ONCE, USERS); user < end; user++) {
        const policy = policyOf(population, random, user);
        digest = xorDigest(digest, policyDigest(policy));
        text += `${JSON.stringify(policy)}\n`;
      }
      yield text;
    }
  };
  const body = await buffer(Readable.from(lines()).pipe(createGzip({ level: 1 })));
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
    'postern-revision': String(USERS),
    'postern-policies': String(USERS),
    'postern-digest': digestToHex(digest),
  };
  return { body, headers };
}
