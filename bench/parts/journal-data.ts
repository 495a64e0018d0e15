import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEmbeddedPostgres } from '@postern/embedded-postgres';
import { asking, startPosternProcess, type Ask } from '@postern/testing';
import pg from 'pg';

/** Users with ten events each: registered, eight times an entry added or removed, the mode changed. */
export const USERS = 100_000;
const EVENTS_PER_USER = 10;
/** One more user, whose list was changed a thousand times over two years. */
export const BUSY_EVENTS = 1_000;
const EVENTS = USERS * EVENTS_PER_USER + BUSY_EVENTS;
export const DATA_TENANT = 'bench';
/** Raised whenever the data set changes: an older one is then made again. */
const EDITION = '1';
const CAUGHT_UP_WITHIN_MS = 1_200_000;

/** The data folder of a Postern whose journal has a million events of SMTP users and whose read models have applied them. */
export interface JournalData {
  readonly dataDir: string;
  readonly busyUser: string;
}

/**
 * The data set in `.bench/journal` of the checkout; made at the first time, in some minutes, and kept. The same rows every time: what is
 * random in it is MD5 of a number.
 */
export async function journalData(): Promise<JournalData> {
  const dataDir = join(import.meta.dirname.replace(/([\\/]dist)?[\\/]bench[\\/]parts$/, ''), '.bench', 'journal');
  const marker = join(dataDir, 'made');
  const busyUser = BUSY_USER;
  if (existsSync(marker) && (await readFile(marker, 'utf8')) === EDITION) return { dataDir, busyUser };
  console.log(`A journal of ${EVENTS} events is made in ${dataDir}, this once …`);
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
  try {
    await asking(postern.url, postern.operatorKey ?? '')('POST', '/v1/tenants', { id: DATA_TENANT, name: 'Bench' });
    await fill(dataDir);
  } finally {
    await postern.end('SIGTERM');
  }
  await writeFile(marker, EDITION);
  return { dataDir, busyUser };
}

/** An admin of the data set's tenant at a Postern that runs on it, and its key. */
export async function adminOf(
  url: string,
  { dataDir }: JournalData,
): Promise<{ readonly ask: Ask; readonly key: string }> {
  const operator = asking(url, (await readFile(join(dataDir, 'operator-key'), 'utf8')).trim());
  const { body } = await operator('POST', `/v1/tenants/${DATA_TENANT}/api-keys`, { role: 'admin', name: 'bench' });
  return { ask: asking(url, body.key), key: body.key };
}

async function fill(dataDir: string): Promise<void> {
  const running = await findEmbeddedPostgres(join(dataDir, 'postgres'));
  if (!running) throw new Error('The Postern that was started has no embedded PostgreSQL.');
  const owner = new pg.Client({ connectionString: running.url('postern') });
  await owner.connect();
  try {
    await addUsers(owner, USERS);
    await owner.query(BUSY, [BUSY_EVENTS]);
    await owner.query('VACUUM ANALYZE journal.events');
    await untilCaughtUp(owner);
    await owner.query('VACUUM ANALYZE');
  } finally {
    await owner.end();
  }
}

/** Adds ten events for each of this many users to the journal. Their tenant exists. */
export async function addUsers(owner: pg.Client, users: number): Promise<void> {
  for (const definition of FUNCTIONS) await owner.query(definition);
  // A round after the other, as the events of many users come mixed.
  for (let round = 1; round <= EVENTS_PER_USER; round++) await owner.query(ROUND, [round, users]);
}

async function untilCaughtUp(owner: pg.Client): Promise<void> {
  for (const late = Date.now() + CAUGHT_UP_WITHIN_MS; Date.now() < late; await sleep(500)) {
    const { rows } = await owner.query<{ behind: boolean }>(
      `SELECT EXISTS (SELECT FROM journal.events WHERE (xid, position) > (
                SELECT xid, position FROM (SELECT consumer, xid, position FROM projection.checkpoints
                                      UNION ALL SELECT consumer, xid, position FROM audit.checkpoints) c
                 WHERE consumer <> 'audit-denials' ORDER BY c.xid, c.position LIMIT 1)) AS behind`,
    );
    if (rows[0]?.behind === false) return;
  }
  throw new Error(`The read models had not caught up after ${CAUGHT_UP_WITHIN_MS / 60_000} minutes.`);
}

/** UUIDs in the form of version 7, from a text. */
const FUNCTIONS = [
  `CREATE FUNCTION pg_temp.id(seed text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
   $$ SELECT overlay(overlay(md5(seed) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid $$`,
  `CREATE FUNCTION pg_temp.entry(seed text, range text, at timestamptz) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
   $$ SELECT jsonb_build_object('id', pg_temp.id(seed), 'range', range, 'typed', range, 'note', 'office', 'addedBy', 'ci',
             'addedAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'expiresAt', NULL) $$`,
  `CREATE FUNCTION pg_temp.metadata() RETURNS jsonb LANGUAGE sql IMMUTABLE AS
   $$ SELECT jsonb_build_object('actor', jsonb_build_object('role', 'admin', 'keyId', pg_temp.id('key'), 'name', 'ci'),
             'correlationId', pg_temp.id('request'), 'causationId', NULL) $$`,
];

const COLUMNS = '(tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)';

/** Round 1 registers, 9 removes the entry of round 2, 10 changes the mode, the others add one entry. */
const ROUND = `
  INSERT INTO journal.events ${COLUMNS}
  SELECT '${DATA_TENANT}', 'smtp-user/' || id, $1::integer, pg_temp.id('event ' || u || ' ' || $1), type,
         CASE type WHEN 'RestrictionAdded' THEN 2 ELSE 1 END, data, pg_temp.metadata(), at
    FROM (SELECT u, pg_temp.id('user ' || u) AS id, 'user' || u || '@bench.example' AS username,
                 now() - interval '730 days' + $1::integer * interval '70 days' + u * interval '1 second' AS at
            FROM generate_series(1, $2::integer) u) users,
         LATERAL (SELECT '10.' || (u >> 16 & 255) || '.' || (u >> 8 & 255) || '.' || ((u + $1) & 255) AS range,
                         'entry ' || u || ' ' || CASE $1 WHEN 9 THEN 2 ELSE $1 END AS seed) addresses,
         LATERAL (SELECT CASE $1 WHEN 1 THEN 'SmtpUserRegistered' WHEN 9 THEN 'RestrictionRemoved'
                                 WHEN 10 THEN 'RestrictionModeChanged' ELSE 'RestrictionAdded' END AS type,
                         CASE $1
                         WHEN 1 THEN jsonb_build_object('smtpUserId', id, 'tenantId', '${DATA_TENANT}', 'username', username,
                              'registeredAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                         WHEN 9 THEN jsonb_build_object('entries', jsonb_build_array(jsonb_build_object('id', pg_temp.id(seed),
                              'range', '10.' || (u >> 16 & 255) || '.' || (u >> 8 & 255) || '.' || ((u + 2) & 255))))
                         WHEN 10 THEN jsonb_build_object('mode', 'report-only', 'previousMode', 'enforce', 'enforceAt', NULL,
                              'previousEnforceAt', NULL)
                         ELSE jsonb_build_object('entries', jsonb_build_array(pg_temp.entry(seed, range, at))) END AS data) events
   ORDER BY u`;

/** `id('user 0')` below. */
const BUSY_USER = '6d14dae3-57b7-7e6b-812f-c953778f1d8f';

/** Alternately adds an entry and removes the one before it, so that its list stays short while its history grows. */
const BUSY = `
  INSERT INTO journal.events ${COLUMNS}
  SELECT '${DATA_TENANT}', 'smtp-user/' || pg_temp.id('user 0'), v, pg_temp.id('event 0 ' || v), type,
         CASE type WHEN 'RestrictionAdded' THEN 2 ELSE 1 END, data, pg_temp.metadata(), at
    FROM (SELECT v, now() - interval '730 days' + v * interval '17 hours' AS at FROM generate_series(1, $1::integer) v) versions,
         LATERAL (SELECT CASE WHEN v = 1 THEN 'SmtpUserRegistered' WHEN v > 21 AND v % 2 = 0 THEN 'RestrictionRemoved'
                              ELSE 'RestrictionAdded' END AS type) types,
         LATERAL (SELECT CASE type
                         WHEN 'SmtpUserRegistered' THEN jsonb_build_object('smtpUserId', pg_temp.id('user 0'), 'tenantId', '${DATA_TENANT}',
                              'username', 'busy@bench.example', 'registeredAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                         WHEN 'RestrictionRemoved' THEN jsonb_build_object('entries', jsonb_build_array(jsonb_build_object(
                              'id', pg_temp.id('entry 0 ' || (v - 1)), 'range', '172.16.' || ((v - 1) >> 8) || '.' || ((v - 1) & 255))))
                         ELSE jsonb_build_object('entries', jsonb_build_array(
                              pg_temp.entry('entry 0 ' || v, '172.16.' || (v >> 8) || '.' || (v & 255), at))) END AS data) events
   ORDER BY v`;
