import type { Client } from 'pg';
import { BATCH } from './batches.js';

const EVENT_COLUMNS =
  'position, xid, tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at';
const DENIAL_COLUMNS =
  'id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip, address, relay, reason, mode';

/**
 * The least that PostgreSQL can be asked: the same rows once more, into two tables of the same shapes and indexes, by one
 * multi-row INSERT each for every 500, a durable commit a batch, within the server. No HTTP, no checks, no totals.
 * Gives denials a second.
 */
export async function bareInsert(client: Client, count: number): Promise<number> {
  await client.query(`
    CREATE SCHEMA bare;
    CREATE TABLE bare.events (LIKE journal.events INCLUDING ALL);
    CREATE TABLE bare.denials (LIKE audit.denials INCLUDING ALL);
    CREATE TABLE bare.sent AS
      SELECT (row_number() OVER (ORDER BY e.position) - 1) / ${BATCH} AS batch, e.position AS sent_position, e AS event, d AS denial
        FROM journal.events e JOIN audit.denials d ON d.position = e.position
       WHERE e.stream_id LIKE 'auth-denials/%';
    CREATE INDEX ON bare.sent (batch);
    ANALYZE bare.sent;
    CHECKPOINT`);
  const began = performance.now();
  for (let batch = 0; batch * BATCH < count; batch += 1) {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO bare.events (${EVENT_COLUMNS}) SELECT ${prefixed('event', EVENT_COLUMNS)} FROM bare.sent WHERE batch = $1`,
      [batch],
    );
    await client.query(
      `INSERT INTO bare.denials (${DENIAL_COLUMNS}) SELECT ${prefixed('denial', DENIAL_COLUMNS)} FROM bare.sent WHERE batch = $1`,
      [batch],
    );
    await client.query('COMMIT');
  }
  return (count * 1_000) / (performance.now() - began);
}

function prefixed(row: string, columns: string): string {
  return columns
    .split(', ')
    .map((column) => `(${row}).${column}`)
    .join(', ');
}
