import { availableParallelism } from 'node:os';
import { startPosternProcess } from '@postern/testing';
import { Client } from 'pg';
import { Asker } from './audit-query-parts/ask-pages.js';
import { DAYS, DENIALS, dataSet, ENVIRONMENT, type DataSet } from './audit-query-parts/data-set.js';
import { QUESTIONS, type Question, type Target } from './audit-query-parts/questions.js';
import { ownerUrl } from './parts/owner-url.js';
import { quantile, rounded } from './parts/quantile.js';
import { Seeded } from './parts/seeded.js';

const PAGES = Number(process.env['BENCH_PAGES'] ?? 200);
const WARM_UP = 20;
/** Every other question is followed this far: pages deep in a list must cost what the first one does. */
const PAGES_DEEP = 5;
/** Of the largest tenant's list, by OFFSET. */
const OFFSET = 100_000;

/**
 * Pages of 50 over 10,000,000 denials of 10,000 users in 100 tenants, over HTTP, one at a time: of each kind of question
 * the p99. In the same run, a page 100,000 denials deep by its cursor and the same by OFFSET.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const set = await dataSet();
  const postern = await startPosternProcess({ ...ENVIRONMENT, POSTERN_DATA_DIR: set.dataDir });
  const asker = new Asker(postern.url);
  const client = new Client({ connectionString: await ownerUrl(set.dataDir) });
  try {
    await client.connect();
    await ready(postern.url);
    const userIds = await idsOfUsers(client);
    const figures: Record<string, number> = { cores: availableParallelism(), denials: DENIALS, pages: PAGES };
    const all: number[] = [];
    for (const question of QUESTIONS) {
      const times = await askMany(asker, set, userIds, question);
      all.push(...times);
      figures[`${question.kind}P99Ms`] = rounded(quantile(times, 0.99));
      console.log(
        `${question.kind.padEnd(18)} p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms, max ${Math.max(...times).toFixed(1)} ms`,
      );
    }
    figures['p99Ms'] = rounded(quantile(all, 0.99));
    const worst = QUESTIONS.map(({ kind }) => figures[`${kind}P99Ms`] ?? 0);
    figures['worstKindP99Ms'] = Math.max(...worst);
    const { byOffset, byCursor } = await deepPage(client);
    console.log(
      `A page ${OFFSET} denials deep: by OFFSET ${byOffset.toFixed(1)} ms, by cursor ${byCursor.toFixed(1)} ms`,
    );
    return {
      bench: 'audit-query',
      figures: { ...figures, deepByOffsetMs: rounded(byOffset), deepByCursorMs: rounded(byCursor) },
      ratios: { offsetToCursor: rounded(byOffset / byCursor) },
    };
  } finally {
    asker.end();
    await client.end().catch(() => undefined);
    await postern.end('SIGTERM');
  }
}

/** A newer release may record the trail of changes again when it first starts on a set that was kept. */
async function ready(url: string): Promise<void> {
  while ((await fetch(`${url}/health/ready`)).status !== 200) await new Promise((done) => setTimeout(done, 100));
}

/** Milliseconds of each page, first ones and deeper ones. Users are drawn as denials are: a large one more often. */
async function askMany(
  asker: Asker,
  set: DataSet,
  userIds: ReadonlyMap<string, string>,
  question: Question,
): Promise<number[]> {
  const random = new Seeded(question.kind.length * 1_009 + 7);
  const times: number[] = [];
  for (let questions = 0; times.length < WARM_UP + PAGES; questions += 1) {
    const target = drawTarget(random, set, userIds);
    const path = `/v1/tenants/${target.tenant.id}${question.path(random, target)}`;
    let cursor: string | null = '';
    for (let deep = 0; cursor !== null && deep < (questions % 2 === 0 ? 1 : PAGES_DEEP); deep += 1) {
      const from: string = cursor === '' ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
      const page = await asker.page(path + from, target.tenant.adminKey);
      times.push(page.ms);
      cursor = page.nextCursor;
    }
  }
  return times.slice(WARM_UP);
}

function drawTarget(random: Seeded, set: DataSet, userIds: ReadonlyMap<string, string>): Target {
  const users = set.tenants.length * (set.tenants[0]?.usernames.length ?? 0);
  const n = Math.floor(Math.exp(random.next() * Math.log(users + 1))) - 1;
  const tenants = set.tenants.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const tenant = tenants[n % tenants.length];
  const username = tenant?.usernames[Math.floor(n / tenants.length)];
  const userId = username === undefined ? undefined : userIds.get(username);
  if (!tenant || username === undefined || userId === undefined) throw new Error(`The data set has no user ${n}.`);
  return { tenant, userId, username, until: new Date(set.until), days: DAYS };
}

async function idsOfUsers(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ username: string; smtp_user_id: string }>(
    'SELECT username, id AS smtp_user_id FROM audit.smtp_users',
  );
  return new Map(rows.map(({ username, smtp_user_id }) => [username, smtp_user_id]));
}

/** The medians for the tenant with the most denials, in the database only. */
async function deepPage(client: Client): Promise<{ byOffset: number; byCursor: number }> {
  const page = 'SELECT * FROM audit.denials WHERE tenant_id = $1';
  const newest = 'ORDER BY occurred_at DESC, id DESC';
  const { rows } = await client.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM audit.denied_ips GROUP BY tenant_id ORDER BY sum(count) DESC LIMIT 1',
  );
  const tenant = rows[0]?.tenant_id;
  const offset = Math.min(OFFSET, Math.floor(DENIALS / 20));
  const place = await client.query(`${page} ${newest} OFFSET ${offset} LIMIT 1`, [tenant]);
  const { occurred_at: at, id } = place.rows[0] as { occurred_at: Date; id: string };
  const byOffset: number[] = [];
  const byCursor: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    byOffset.push(await timed(() => client.query(`${page} ${newest} OFFSET ${offset} LIMIT 50`, [tenant])));
    const below = `${page} AND (occurred_at, id) < ($2, $3) ${newest} LIMIT 50`;
    byCursor.push(await timed(() => client.query(below, [tenant, at, id])));
  }
  return { byOffset: quantile(byOffset, 0.5), byCursor: quantile(byCursor, 0.5) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
