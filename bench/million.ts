import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asking, startPosternProcess } from '@postern/testing';
import pg from 'pg';
import { seedPolicies } from './million-parts/seed-policies.js';
import { cpuSeconds } from './parts/cpu-seconds.js';
import { ownerUrl } from './parts/owner-url.js';
import { rounded } from './parts/quantile.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const RELAYS = 10;
const CHANGED_USERS = 100;
const WITHIN_MS = 300_000;

/**
 * A database of a million users. From the start of a relay, a process of its own with an empty replica, to its first decision: the first
 * one after the service's start, one more, and ten at once; and the bare transfer of the snapshot. The peer sends the same bytes from its
 * memory to the same relays: what then is left is the relays' own work, and here they share the cores with the service.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
  try {
    const operator = asking(postern.url, postern.operatorKey ?? '');
    const key: string = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'bench' })).body.key;
    const url = await ownerUrl(dataDir);
    const seeded = performance.now();
    await seedPolicies(url, USERS);
    console.log(`${USERS} users seeded in ${rounded((performance.now() - seeded) / 1_000, 1)} s`);

    const first = await readyTimes(postern.url, key, 1);
    const one = await readyTimes(postern.url, key, 1);
    const cpuBefore = await cpuSeconds(postern.url);
    const ten = await readyTimes(postern.url, key, RELAYS);
    const tenServerCpu = (await cpuSeconds(postern.url)) - cpuBefore;
    const transfers: number[] = [];
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < 3; i++) {
      const started = performance.now();
      bytes = await download(postern.url, key);
      transfers.push(performance.now() - started);
    }
    const started = performance.now();
    await Promise.all(Array.from({ length: RELAYS }, () => download(postern.url, key)));
    const tenTransfers = performance.now() - started;
    const renewed = await afterChanges(url, () => download(postern.url, key));
    const { headers } = await fetch(`${postern.url}/v1/relay/policies`, { method: 'HEAD', headers: bearer(key) });
    const peer = await peerTimes(bytes, headers, key);

    const figures = {
      cores: availableParallelism(),
      users: USERS,
      snapshotMb: rounded(bytes.length / 1e6, 1),
      firstReadyMs: rounded(first, 0),
      readyMs: rounded(one, 0),
      tenReadyMs: rounded(ten, 0),
      tenServerCpuMs: rounded(tenServerCpu * 1_000, 0),
      transferMs: rounded(Math.min(...transfers), 0),
      tenTransfersMs: rounded(tenTransfers, 0),
      transferAfterChangesMs: rounded(renewed, 0),
      peerReadyMs: rounded(peer.one, 0),
      peerTenReadyMs: rounded(peer.ten, 0),
    };
    console.log(figures);
    return {
      bench: 'million',
      figures,
      ratios: {
        readyToPeer: rounded(one / peer.one),
        tenReadyToPeer: rounded(ten / peer.ten),
        firstToNext: rounded(first / one),
      },
    };
  } finally {
    await postern.end('SIGTERM');
    await rm(dataDir, { recursive: true, force: true });
  }
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** Until the last of this many relays, started at once, can decide. */
async function readyTimes(url: string, key: string, relays: number): Promise<number> {
  const program = join(import.meta.dirname, 'million-parts', 'relay-process.js');
  const run = () => promisify(execFile)(process.execPath, [program, url, key], { timeout: WITHIN_MS });
  const times = await Promise.all(Array.from({ length: relays }, run));
  return Math.max(...times.map(({ stdout }) => Number(stdout)));
}

/** As it comes over the wire: compressed. */
async function download(url: string, key: string): Promise<Buffer<ArrayBuffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer<ArrayBuffer>>();
  get(`${url}/v1/relay/policies`, { headers: { ...bearer(key), 'accept-encoding': 'gzip' } }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
    response.once('end', () => resolve(Buffer.concat(chunks)));
  }).once('error', reject);
  return promise;
}

/** A transfer after some users, spread over the table, have changed. */
async function afterChanges(ownersUrl: string, take: () => Promise<unknown>): Promise<number> {
  const owner = new pg.Client({ connectionString: ownersUrl });
  await owner.connect();
  try {
    // Only the revision changes: the bench measures reading the policies again.
    await owner.query(
      `WITH changed AS (UPDATE projection.relay_policies SET revision = $1::bigint + revision
                         WHERE revision % ($1 / $2::bigint) = 0 AND revision <= $1 RETURNING 1)
       UPDATE projection.relay_policy_totals SET revision = 2 * $1 WHERE (SELECT count(*) FROM changed) > 0`,
      [USERS, CHANGED_USERS],
    );
  } finally {
    await owner.end();
  }
  const started = performance.now();
  await take();
  return performance.now() - started;
}

/** Relays whose control plane sends a snapshot and one heartbeat from memory, and nothing else. */
async function peerTimes(bytes: Buffer, headers: Headers, key: string): Promise<{ one: number; ten: number }> {
  const header = (name: string) => headers.get(name) ?? '';
  const [revision, policies] = [Number(header('postern-revision')), Number(header('postern-policies'))];
  const heartbeat = { revision, policies, digest: header('postern-digest'), lagEvents: 0, lagSeconds: 0 };
  const server = createServer((request, response) => {
    if (request.url === '/v1/relay/policies') {
      response.writeHead(200, {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'content-encoding': 'gzip',
        'postern-revision': revision,
        'postern-policies': policies,
        'postern-digest': heartbeat.digest,
      });
      response.end(bytes);
    } else if (request.url === '/v1/relay/policies/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // With it, the relay's replies are complete.
      response.write(`event: heartbeat\ndata: ${JSON.stringify(heartbeat)}\n\n`);
    } else {
      response.writeHead(503).end();
    }
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return { one: await readyTimes(url, key, 1), ten: await readyTimes(url, key, RELAYS) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
