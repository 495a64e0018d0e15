import type { Recorded } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { EVENT_COLUMNS, recordedOf, type EventRow } from './recorded-row.js';

/**
 * The events of one stream with a version above `afterVersion`, in order; none for a stream that does not exist, and
 * none for another tenant's: call it inside `inTenant` as `postern_command`.
 */
export async function readStream(
  from: EntityManager | DataSource,
  streamId: string,
  afterVersion = 0,
): Promise<Recorded[]> {
  const rows = await from.query<EventRow[]>(
    `SELECT ${EVENT_COLUMNS} FROM journal.events WHERE stream_id = $1 AND version > $2 ORDER BY version`,
    [streamId, afterVersion],
  );
  return rows.map(recordedOf);
}

/**
 * The events of one stream that were on record at `at`, in order, for a role that sees the stream. Times are the database's
 * clock, which may have been set back: it ends before the first event that was not there yet, so nothing is missing in between.
 */
export async function readStreamAt(from: EntityManager | DataSource, streamId: string, at: Date): Promise<Recorded[]> {
  const rows = await from.query<EventRow[]>(
    `SELECT ${EVENT_COLUMNS} FROM journal.events WHERE stream_id = $1 AND recorded_at <= $2 ORDER BY version`,
    [streamId, at],
  );
  const gap = rows.findIndex((row, i) => row.version !== i + 1);
  return (gap === -1 ? rows : rows.slice(0, gap)).map(recordedOf);
}
