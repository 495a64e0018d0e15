import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPosternProcess } from '@postern/testing';
import { Client } from 'pg';
import { ownerUrl } from '../parts/owner-url.js';
import { makeTenants, type BenchTenant } from '../parts/tenants.js';
import { loadDenials } from './load-denials.js';

/** Raised with every change of the data: an older set is then made again. */
const VERSION = 1;
const TENANTS = 100;
const USERS_EACH = 100;
export const DENIALS = Number(process.env['BENCH_DENIALS'] ?? 10_000_000);
export const DAYS = 89;

/** A Postern's data folder with the denials in it, and what is needed to ask for them. */
export interface DataSet {
  readonly dataDir: string;
  readonly tenants: readonly BenchTenant[];
  /** RFC 3339: the last denial. The set keeps its times while it grows old. */
  readonly until: string;
}

/** Kept for ever: the set must outlive the retention. */
export const ENVIRONMENT = { POSTERN_DENIAL_RETENTION_DAYS: '0' };

/** The data set in `.bench/` of the current folder. Creates it if it is missing or of another version. */
export async function dataSet(): Promise<DataSet> {
  const dataDir = join(process.cwd(), '.bench', `audit-query-v${VERSION}-${DENIALS}`);
  const manifest = join(dataDir, 'bench.json');
  if (!existsSync(manifest)) await make(dataDir, manifest);
  const { tenants, until } = JSON.parse(await readFile(manifest, 'utf8')) as Omit<DataSet, 'dataDir'>;
  return { dataDir, tenants, until };
}

/** The manifest comes last: a run that was interrupted begins again. */
async function make(dataDir: string, manifest: string): Promise<void> {
  console.log(`Making ${DENIALS} denials in ${dataDir}; this is kept, and takes a few minutes once …`);
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  const postern = await startPosternProcess({ ...ENVIRONMENT, POSTERN_DATA_DIR: dataDir });
  try {
    const tenants = await makeTenants(postern.url, postern.operatorKey ?? '', TENANTS, USERS_EACH);
    const client = new Client({ connectionString: await ownerUrl(dataDir) });
    await client.connect();
    const until = new Date();
    try {
      await recorded(client, TENANTS * USERS_EACH);
      await loadDenials(client, { count: DENIALS, days: DAYS, until });
    } finally {
      await client.end();
    }
    await writeFile(`${manifest}.making`, JSON.stringify({ tenants, until: until.toISOString() }));
    await rename(`${manifest}.making`, manifest);
  } finally {
    await postern.end('SIGTERM');
  }
}

/** Waits until the audit trail knows all users. */
async function recorded(client: Client, users: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::integer AS n FROM audit.smtp_users');
    if (rows[0]?.n === users) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}
