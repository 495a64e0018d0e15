import type { DataSource } from 'typeorm';
import { dayOf } from './observed-sources.js';

/** A batch is a transaction of some milliseconds; the next call goes on after so many of them. */
const ROWS_AT_ONCE = 5_000;
const MOST_BATCHES = 200;
/** As long as a relay may send a batch again. */
export const BATCHES_KEPT_HOURS = 48;
/** Relays name themselves: whoever reported longest ago is forgotten. */
const MAX_REPORTERS = 10_000;

/**
 * Deletes what is older than the UTC day of `keptFrom` (null: nothing is), and what batches need no more; a bounded number of rows. Returns
 * how many observed sources it were. As `postern_logins_writer`.
 */
export async function forgetLogins(writer: DataSource, keptFrom: Date | null): Promise<number> {
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
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const [, found] = await writer.query<[unknown[], number]>(
      `DELETE FROM logins.${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM logins.${table} WHERE ${condition} LIMIT ${ROWS_AT_ONCE}))`,
      [value],
    );
    deleted += found;
    if (found < ROWS_AT_ONCE) break;
  }
  return deleted;
}
