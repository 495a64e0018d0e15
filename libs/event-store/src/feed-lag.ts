import type { StreamCategory } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import type { FeedPosition } from './read-feed.js';

export interface FeedLag {
  /** Counted up to `MAX_COUNTED`. */
  readonly events: number;
  /** The age of the oldest of them, by the database's clock; 0 if there is none. */
  readonly seconds: number;
}

const MAX_COUNTED = 100_000;

/** Reads the journal itself, so that an idle consumer's lag is right. As `postern_feed`; uses events_feed. */
export async function feedLag(
  feed: DataSource,
  after: FeedPosition,
  categories: readonly StreamCategory[],
): Promise<FeedLag> {
  const [row] = await feed.query<LagRow[]>(LAG, [after.xid, after.position, categories, MAX_COUNTED]);
  return lagOf(row);
}

/** How far the publisher is behind the journal. As `postern_projection` or `postern_audit`. */
export async function publisherLag(
  from: Pick<DataSource, 'query'>,
  categories: readonly StreamCategory[],
): Promise<FeedLag> {
  const [row] = await from.query<LagRow[]>('SELECT events, seconds FROM journal.publisher_lag($1::text[])', [
    categories,
  ]);
  return lagOf(row);
}

type LagRow = Omit<FeedLag, 'seconds'> & { readonly seconds: number | null };

function lagOf(row: LagRow | undefined): FeedLag {
  return { events: row?.events ?? 0, seconds: Math.max(0, row?.seconds ?? 0) };
}

const LAG = `
  SELECT count(*)::integer AS events,
         (extract(epoch FROM clock_timestamp() - min(recorded_at)))::float8 AS seconds
    FROM (SELECT stream_id, recorded_at FROM journal.events WHERE (xid, position) > ($1::xid8, $2::bigint)
           ORDER BY xid, position LIMIT $4) behind
   WHERE split_part(stream_id, '/', 1) = ANY ($3::text[])`;
