import type { DataSource } from 'typeorm';
import { dayOf } from './observed-sources.js';

/** One DELETE takes some milliseconds. */
const ROWS_AT_ONCE = 5_000;
/** Of one table and call; the next call continues. */
const MOST_DELETES = 200;
/** Longer than a relay sends a batch again, which is a day. */
export const BATCHES_KEPT_HOURS = 48;
/** Relays choose their names, so the number is limited. The one that reported longest ago is deleted first. */
const MAX_REPORTERS = 10_000;

/**
 * Deletes observed logins from before the day (UTC) of `keptFrom` (null: none), old ids of batches, and reporters beyond the limit; a bounded
 * number of rows. Returns the number of deleted rows of `logins.sources`. As `postern_logins_writer`.
 */
export async function deleteOldLogins(writer: DataSource, keptFrom: Date | null): Promise<number> {
  const day = keptFrom === null ? '-infinity' : dayOf(keptFrom);
  const sources = await deleteFrom(writer, 'sources', 'day < $1', day);
  await deleteFrom(writer, 'overflow', 'day < $1', day);
  await deleteFrom(writer, 'batches', `received_at < now() - $1 * interval '1 hour'`, BATCHES_KEPT_HOURS);
  await deleteFrom(
    writer,
    'reporters',
    `last_reported_at < (SELECT last_reported_at FROM logins.reporters ORDER BY last_reported_at DESC OFFSET $1 LIMIT 1)`,
    MAX_REPORTERS,
  );
  return sources;
}

async function deleteFrom(writer: DataSource, table: string, condition: string, value: unknown): Promise<number> {
  let deleted = 0;
  for (let batch = 0; batch < MOST_DELETES; batch++) {
    const [, found] = await writer.query<[unknown[], number]>(
      `DELETE FROM logins.${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM logins.${table} WHERE ${condition} LIMIT ${ROWS_AT_ONCE}))`,
      [value],
    );
    deleted += found;
    if (found < ROWS_AT_ONCE) break;
  }
  return deleted;
}
