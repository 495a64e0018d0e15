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
