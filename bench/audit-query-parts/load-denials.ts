import type { Client } from 'pg';

export interface Load {
  readonly count: number;
  readonly days: number;
  readonly until: Date;
}

const ROWS_AT_ONCE = 1_000_000;

/**
 * Puts denials into the trail, by a hash of their number and so the same ones each time: user and address log-uniform, which
 * is Zipf's law, evenly over the days, in the order of time as a trail grows. Straight into the tables: it is reading that
 * is measured. Indexes are made after the rows, as they were.
 */
export async function loadDenials(client: Client, { count, days, until }: Load): Promise<void> {
  await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'`);
  await client.query(
    `SELECT audit.prepare_denial_month(month::date)
       FROM generate_series(date_trunc('month', $1::timestamptz - make_interval(days => $2)), $1, interval '1 month') month`,
    [until, days],
  );
  const indexes = await takeIndexes(client);
  await client.query(PEOPLE);
  for (let from = 1; from <= count; from += ROWS_AT_ONCE) {
    await client.query(DENIALS, [from, Math.min(count, from + ROWS_AT_ONCE - 1), count, days, until]);
    console.log(`  ${Math.min(count, from + ROWS_AT_ONCE - 1)} rows`);
  }
  for (const sql of indexes) await client.query(sql);
  console.log('  indexes');
  await client.query(TOTALS);
  await client.query('VACUUM ANALYZE audit.denials; ');
  await client.query('VACUUM ANALYZE audit.denied_ips');
  await client.query('CHECKPOINT');
}

/** Drops the primary key and the indexes of the denials, and gives the SQL that makes them again. */
async function takeIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; key: string | null; index: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS index,
            (SELECT 'ALTER TABLE audit.denials ADD ' || pg_get_constraintdef(c.oid) FROM pg_constraint c
              WHERE c.conindid = i.indexrelid AND c.contype = 'p') AS key
       FROM pg_index i WHERE i.indrelid = 'audit.denials'::regclass`,
  );
  for (const { name, key } of rows)
    await client.query(
      key === null ? `DROP INDEX ${name}` : `ALTER TABLE audit.denials DROP CONSTRAINT ${name.split('.')[1]}`,
    );
  return rows.map(({ key, index }) => key ?? index.replace(' ON ONLY ', ' ON '));
}

/** The users by number: each hundred has one of every tenant, so that every tenant has few large and many small ones. */
const PEOPLE = `
  CREATE TEMP TABLE people AS
    SELECT (row_number() OVER (ORDER BY substring(username FROM 5 FOR position('@' IN username) - 5)::integer, tenant_id))::integer - 1 AS n,
           id AS smtp_user_id, tenant_id, username
      FROM audit.smtp_users;
  ALTER TABLE people ADD PRIMARY KEY (n);
  ANALYZE people`;

/** Two numbers in [0, 1) and a few more bits, by a hash of the row's number. */
const DENIALS = `
  INSERT INTO audit.denials (id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username,
                             ip, address, relay, reason, mode)
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(digits, 1, 3) || '8' || substr(digits, 4, 15))::uuid,
         at, at + interval '40 ms', i, smtp_user_id, 1, NOT report_only OR strange, tenant_id, username,
         CASE WHEN strange THEN 'no address' ELSE host(address) END, CASE WHEN strange THEN NULL ELSE address END,
         CASE WHEN bits % 100003 = 0 THEN 'mx-rare' ELSE 'mx' || bits % 20 END,
         CASE WHEN strange THEN 'source-ip-invalid' WHEN bits % 19 = 0 THEN 'no-live-entry' ELSE 'ip-not-authorized' END,
         CASE WHEN report_only THEN 'report-only' ELSE 'enforce' END
    FROM (SELECT i, p.*, h.bits, md5(i::text) AS digits,
                 $5::timestamptz - make_interval(secs => ($3 - i) * ($4 * 86400.0 / $3)) AS at,
                 h.bits % 9973 = 0 AS strange, h.bits % 11 = 0 AS report_only,
                 CASE WHEN h.bits % 10 = 0 THEN ('2001:db8:' || to_hex(p.n) || '::' || to_hex(h.a))::inet
                      ELSE ((ARRAY[45, 91, 185, 203])[1 + h.a % 4] || '.' || p.n % 200 || '.' || h.a / 250 || '.' || h.a % 250)::inet END AS address
            FROM generate_series($1::bigint, $2::bigint) i,
                 LATERAL (SELECT floor(exp((hashint8extended(i, 1) & 4294967295) / 4294967296.0::float8 * ln(10001::float8)))::integer - 1 AS n,
                                 floor(exp((hashint8extended(i, 2) & 4294967295) / 4294967296.0::float8 * ln(5001::float8)))::integer - 1 AS a,
                                 hashint8extended(i, 3) & 1073741823 AS bits) h
            JOIN people p ON p.n = h.n) made
   ORDER BY i`;

const TOTALS = `
  INSERT INTO audit.denied_ips (smtp_user_id, tenant_id, ip, address, count, first_denied_at, last_denied_at, relays, reasons, last_position)
  SELECT smtp_user_id, tenant_id, ip, address, sum(count), min(occurred_at), max(occurred_at),
         (array_agg(DISTINCT relay))[1 : 20], array_agg(DISTINCT reason), max(position)
    FROM audit.denials GROUP BY smtp_user_id, tenant_id, ip, address`;
