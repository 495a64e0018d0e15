/**
 * One SMTP user's 1,000,000 denials, exported over HTTP by a Postern in a process of its own, as NDJSON and as CSV in
 * turn, next to the bare rows out of one database cursor. Memory is the most that the serving process ever had resident
 * (VmHWM of Linux).
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { asking, startPosternProcess } from '@postern/testing';
import pg from 'pg';
import { fillDenials, rowsByCursor } from './export-parts/denials.js';
import { quantile, rounded } from './parts/quantile.js';

const DENIALS = Number(process.env['BENCH_DENIALS'] ?? 1_000_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
const TENANT = 'bench';
const FORMATS = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  try {
    return await measure(server.url(), join(folder, 'data'));
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(databaseUrl: string, dataDir: string): Promise<Awaited<ReturnType<typeof run>>> {
  const postern = await startPosternProcess({
    POSTERN_DATABASE_URL: databaseUrl,
    POSTERN_DATA_DIR: dataDir,
    // Its times are made up, and some lie further back than denials are kept.
    POSTERN_DENIAL_RETENTION_DAYS: '0',
  });
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  try {
    const operator = asking(postern.url, postern.operatorKey ?? '');
    await operator('POST', '/v1/tenants', { id: TENANT, name: 'Bench' });
    const created = await operator('POST', `/v1/tenants/${TENANT}/api-keys`, { role: 'admin', name: 'bench' });
    const admin = asking(postern.url, created.body.key);
    const user = await admin('POST', `/v1/tenants/${TENANT}/smtp-users`, { username: 'app@bench.example' });
    await fillDenials(owner, { tenantId: TENANT, smtpUserId: user.body.id, rows: DENIALS });
    const path = `${postern.url}/v1/tenants/${TENANT}/smtp-users/${user.body.id}/denials`;
    while ((await fetch(path, { headers: { authorization: `Bearer ${created.body.key}` } })).status !== 200);

    const rates = { ndjson: [] as number[], csv: [] as number[], cursor: [] as number[] };
    for (let round = 1; round <= ROUNDS; round++) {
      for (const format of ['ndjson', 'csv'] as const) {
        const headers = { authorization: `Bearer ${created.body.key}`, accept: FORMATS[format] };
        rates[format].push(await perSecond(() => linesOf(path, headers, format === 'csv' ? 1 : 0)));
      }
      rates.cursor.push(await perSecond(() => rowsByCursor(owner, user.body.id)));
      const shown = Object.entries(rates).map(([name, all]) => `${name} ${all.at(-1)?.toFixed(0)} rows/s`);
      console.log(`round ${round}: ${shown.join('   ')}`);
    }
    const peakRssMb = await peakMb(postern.pid);
    const best = (samples: readonly number[]) => Math.round(quantile(samples, 1));
    const figures = {
      cores: availableParallelism(),
      denials: DENIALS,
      ndjsonRowsPerSecond: best(rates.ndjson),
      csvRowsPerSecond: best(rates.csv),
      cursorRowsPerSecond: best(rates.cursor),
      peakRssMb,
    };
    console.log(
      `${DENIALS} denials: NDJSON ${figures.ndjsonRowsPerSecond}/s, CSV ${figures.csvRowsPerSecond}/s, peak ${peakRssMb} MB resident`,
    );
    return {
      bench: 'export',
      figures,
      ratios: {
        csvToNdjson: rounded(figures.csvRowsPerSecond / figures.ndjsonRowsPerSecond),
        ndjsonToCursor: rounded(figures.ndjsonRowsPerSecond / figures.cursorRowsPerSecond, 3),
        rssToLimit: rounded(peakRssMb / 200),
      },
    };
  } finally {
    await owner.end();
    await postern.end('SIGTERM');
  }
}

async function perSecond(work: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const rows = await work();
  if (rows !== DENIALS) throw new Error(`There should be ${DENIALS} rows, and ${rows} came.`);
  return rows / ((performance.now() - started) / 1_000);
}

/** The number of lines after the head. Counted in bytes, so that this process does not limit the other. */
async function linesOf(url: string, headers: Record<string, string>, head: number): Promise<number> {
  const response = await fetch(url, { headers });
  if (response.status !== 200 || !response.body) throw new Error(`The export was answered ${response.status}.`);
  let lines = 0;
  for await (const chunk of response.body)
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines - head;
}

async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024);
}
