/**
 * Reports logins of 1,000,000 SMTP users over HTTP to a Postern in a process of its own, alternating with bare multi-row upserts of the same rows
 * by as many clients. Then the preview over 30 days for an SMTP user with 10,000 addresses.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type LoginReport, type SmtpUserId } from '@postern/contracts';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { asking, type Ask, startPosternProcess } from '@postern/testing';
import pg from 'pg';
import { postBodies } from './parts/post-bodies.js';
import { quantile, rounded } from './parts/quantile.js';

const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const ADDRESSES = Number(process.env['BENCH_ADDRESSES'] ?? 10_000);
const PREVIEWS = Number(process.env['BENCH_PREVIEWS'] ?? 300);
const BATCH = 1_000;
const BATCHES_A_ROUND = 50;
/** Of a fleet of relays. */
const CONNECTIONS = 4;
const TENANT = 'bench';
const DAY_MS = 86_400_000;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  const postern = await startPosternProcess({
    POSTERN_DATABASE_URL: server.url(),
    POSTERN_DATA_DIR: join(folder, 'data'),
  });
  const owner = new pg.Client({ connectionString: server.url() });
  await owner.connect();
  const bare = new pg.Pool({ connectionString: server.url(), max: CONNECTIONS });
  try {
    const operator = asking(postern.url, postern.operatorKey ?? '');
    await operator('POST', '/v1/tenants', { id: TENANT, name: 'Bench' });
    const relay = await operator('POST', '/v1/api-keys', { role: 'relay', name: 'mx1' });
    const issued = await operator('POST', `/v1/tenants/${TENANT}/api-keys`, { role: 'admin', name: 'bench' });
    const users = Array.from({ length: USERS }, () => newId<SmtpUserId>());
    await fillUsers(owner, users);

    const rates = await ingest(`${postern.url}/v1/relay/logins`, relay.body.key, users, bare);
    const preview = await previews(asking(postern.url, issued.body.key), owner);
    const figures = {
      cores: availableParallelism(),
      users: USERS,
      recordsPerSecond: Math.round(quantile(rates.http, 0.5)),
      bareRowsPerSecond: Math.round(quantile(rates.bare, 0.5)),
      addresses: ADDRESSES,
      previewP50Ms: rounded(quantile(preview, 0.5)),
      previewP99Ms: rounded(quantile(preview, 0.99)),
    };
    return {
      bench: 'sources',
      figures,
      ratios: {
        httpToBare: rounded(figures.recordsPerSecond / figures.bareRowsPerSecond),
        previewP99ToLimit: rounded(figures.previewP99Ms / 50),
      },
    };
  } finally {
    await postern.end('SIGTERM');
    await bare.end();
    await owner.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** As the audit trail has them. Nobody logs in with these: an event for each would take longer than all the rest. */
async function fillUsers(owner: pg.Client, users: readonly SmtpUserId[]): Promise<void> {
  for (let from = 0; from < users.length; from += 50_000)
    await owner.query(
      `INSERT INTO audit.smtp_users (id, tenant_id, username, username_key, created_at, removed, mode, restricted, version, event_id)
       SELECT id, $2, id::text, id::text, now(), false, 'enforce', false, 1, id FROM unnest($1::uuid[]) AS id`,
      [users.slice(from, from + 50_000), TENANT],
    );
  await owner.query('VACUUM ANALYZE audit.smtp_users');
  await owner.query(`CREATE SCHEMA bare;
    CREATE TABLE bare.sources (LIKE logins.sources INCLUDING ALL) WITH (fillfactor = 85)`);
}

/** Rows a second of each round. */
async function ingest(
  url: string,
  key: string,
  users: readonly SmtpUserId[],
  bare: pg.Pool,
): Promise<{ readonly http: readonly number[]; readonly bare: readonly number[] }> {
  const rates = { http: [] as number[], bare: [] as number[] };
  const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
  const ofRound = BATCH * BATCHES_A_ROUND;
  for (let from = 0; from < users.length; from += ofRound) {
    const logins = users.slice(from, from + ofRound).map((smtpUserId, i): LoginReport => {
      const ip = `198.18.${(i >> 8) & 255}.${i & 255}`;
      return { smtpUserId, ip, hour, count: 3, entryId: null, relay: 'mx1' };
    });
    const batches = Array.from({ length: Math.ceil(logins.length / BATCH) }, (_, i) =>
      logins.slice(i * BATCH, (i + 1) * BATCH),
    );
    const bodies = batches.map((batch) => Buffer.from(JSON.stringify({ batchId: newId(), logins: batch })));
    let accepted = 0;
    const http = await perSecond(logins.length, () =>
      postBodies<{ accepted: number }>(url, key, bodies, CONNECTIONS, (answer) => (accepted += answer.accepted)),
    );
    if (accepted !== logins.length) throw new Error(`Of ${logins.length} records ${accepted} were accepted.`);
    const upserts = await perSecond(logins.length, () => upsertAll(bare, batches));
    rates.http.push(http);
    rates.bare.push(upserts);
    console.log(`${from + logins.length} users: HTTP ${http.toFixed(0)}/s, bare upserts ${upserts.toFixed(0)}/s`);
  }
  return rates;
}

/**
 * The least that PostgreSQL can be asked: one multi-row upsert and one commit for each batch, over as many connections as
 * relays have to Postern.
 */
async function upsertAll(clients: pg.Pool, batches: readonly (readonly LoginReport[])[]): Promise<void> {
  const upsert = (batch: readonly LoginReport[]) =>
    clients.query(UPSERT, [
      batch.map(({ smtpUserId }) => smtpUserId),
      batch.map(({ ip }) => ip),
      batch.map(({ hour }) => hour),
      batch.map(({ count }) => count),
      TENANT,
      batch.map(({ relay }) => relay),
    ]);
  await Promise.all(batches.map(upsert));
}

const UPSERT = `
  INSERT INTO bare.sources AS known (day, smtp_user_id, address, tenant_id, logins, first_seen_at, last_seen_at, relays)
  SELECT hour::date, smtp_user_id, address, $5, logins, hour, hour, ARRAY[relay]
    FROM unnest($1::uuid[], $2::inet[], $3::timestamptz[], $4::bigint[], $6::text[]) AS login (smtp_user_id, address, hour, logins, relay)
  ON CONFLICT (day, smtp_user_id, address) DO UPDATE SET logins = known.logins + excluded.logins,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)`;

async function perSecond(rows: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (rows * 1_000) / (performance.now() - began);
}

/** Milliseconds of each preview of a list that covers half of an SMTP user's addresses, which it used over 30 days. */
async function previews(ask: Ask, owner: pg.Client): Promise<number[]> {
  const user = await ask('POST', `/v1/tenants/${TENANT}/smtp-users`, { username: 'app@bench.example' });
  const path = `/v1/tenants/${TENANT}/smtp-users/${user.body.id}`;
  await owner.query(
    `INSERT INTO logins.sources (day, smtp_user_id, address, tenant_id, logins, first_seen_at, last_seen_at, relays)
     SELECT hour::date, $1, '198.18.0.0'::inet + i, $2, 5, hour, hour, '{mx1}'
       FROM generate_series(0, $3::integer - 1) AS i, LATERAL (SELECT date_trunc('hour', now()) - (i % 30) * interval '1 day' AS hour) seen`,
    [user.body.id, TENANT, ADDRESSES],
  );
  await owner.query('VACUUM ANALYZE logins.sources');
  while ((await ask('GET', `${path}/sources?limit=1&from=${daysAgo(30)}`)).status !== 200);
  const body = { entries: [{ range: '198.18.0.0/20' }], mode: 'enforce', days: 30 };
  const took: number[] = [];
  for (let i = 0; i < PREVIEWS; i++) {
    const began = performance.now();
    const { status, body: answer } = await ask('POST', `${path}/restriction/preview`, body);
    took.push(performance.now() - began);
    if (status !== 200) throw new Error(`The preview was answered ${status}: ${JSON.stringify(answer)}`);
  }
  return took;
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}
