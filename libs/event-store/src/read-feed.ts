import type { Recorded, StreamCategory } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import type { FeedPosition } from './feed-position.js';
import { EVENT_COLUMNS, recordedOf, type EventRow } from './recorded-row.js';

export interface FeedPage {
  readonly events: readonly Recorded[];
  /** Where to go on: behind everything that was looked at, also what the categories left out. */
  readonly position: FeedPosition;
  /** There was more than was looked at. */
  readonly more: boolean;
}

/**
 * Looks at the next `limit` events of the journal behind `after`, and gives those of the categories (all, if none are named).
 *
 * Only what every reader will ever see in the same order: an event whose transaction began after one that is still
 * open waits for it. Ordered by position alone, the event of a late commit would lie behind the reader and be lost.
 * Connected as `postern_feed`.
 */
export async function readFeed(
  from: DataSource | EntityManager,
  after: FeedPosition,
  limit: number,
  categories?: readonly StreamCategory[],
): Promise<FeedPage> {
  const parameters = [after.xid, after.position, limit];
  const rows = categories
    ? await from.query<FeedRow[]>(FEED_OF_CATEGORIES, [...parameters, categories])
    : await from.query<FeedRow[]>(FEED, parameters);
  const last = rows.at(-1);
  if (!last) return { events: [], position: after, more: false };
  return {
    events: rows.filter((row) => row.wanted).map(recordedOf),
    position: { xid: last.xid, position: Number(last.position) },
    more: Number(last.looked_at) === limit,
  };
}

/** Whether there are committed events behind `after`, also those that the feed still holds back. As `postern_feed`. */
export async function hasEventsAfter(from: DataSource | EntityManager, after: FeedPosition): Promise<boolean> {
  const rows = await from.query<unknown[]>(
    'SELECT 1 FROM journal.events WHERE (xid, position) > ($1::xid8, $2::bigint) LIMIT 1',
    [after.xid, after.position],
  );
  return rows.length > 0;
}

interface FeedRow extends EventRow {
  readonly xid: string;
  readonly looked_at: string;
  readonly wanted: boolean;
}

/** Uses the index events_feed (xid, position), from end to end: a row comparison and a limit, no sort. */
const PAGE = `
  SELECT xid, ${EVENT_COLUMNS} FROM journal.events
   WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, position) > ($1::xid8, $2::bigint)
   ORDER BY xid, position LIMIT $3`;

const FEED = `WITH page AS MATERIALIZED (${PAGE})
  SELECT xid::text, ${EVENT_COLUMNS}, true AS wanted, row_number() OVER () AS looked_at FROM page`;

/** The last row comes in any case, for its position. */
const FEED_OF_CATEGORIES = `WITH page AS MATERIALIZED (${PAGE}),
  looked AS (SELECT *, split_part(stream_id, '/', 1) = ANY ($4::text[]) AS wanted,
                    row_number() OVER () AS looked_at, count(*) OVER () AS all_rows FROM page)
  SELECT xid::text, ${EVENT_COLUMNS}, wanted, looked_at FROM looked WHERE wanted OR looked_at = all_rows ORDER BY looked_at`;
