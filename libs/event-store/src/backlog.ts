import { withoutSecrets, type Recorded, type StreamCategory } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import type { FeedPosition } from './read-feed.js';
import { EVENT_COLUMNS, recordedOf, type EventRow } from './read-stream.js';

/** Events of the journal per read; the keys of those that match need about 10 MB. */
const MOST = 100_000;

/** A long part of the feed, stream by stream, each in order: a read model writes a row once for many events. Connected as `postern_feed`. */
export class Backlog {
  #read = 0;

  private constructor(
    private readonly feed: DataSource,
    private readonly xids: readonly string[],
    private readonly positions: readonly string[],
    readonly end: FeedPosition,
  ) {}

  static async behind(feed: DataSource, after: FeedPosition, categories: readonly StreamCategory[]): Promise<Backlog> {
    const [row] = await feed.query<BacklogRow[]>(KEYS, [after.xid, after.position, MOST, categories]);
    const end = row?.xid ? { xid: row.xid, position: Number(row.position) } : after;
    return new Backlog(feed, row?.xids ?? [], row?.positions ?? [], end);
  }

  /** The next `limit` events; the same ones until `pass` is called. */
  async next(limit: number): Promise<Recorded[]> {
    const keys = [this.xids, this.positions].map((all) => all.slice(this.#read, this.#read + limit));
    const rows = await this.feed.query<EventRow[]>(EVENTS, keys);
    return rows.map((row) => withoutSecrets(recordedOf(row)));
  }

  pass(count: number): void {
    this.#read += count;
  }

  get passed(): number {
    return this.#read;
  }

  get left(): number {
    return this.xids.length - this.#read;
  }
}

interface BacklogRow {
  readonly xid: string | null;
  readonly position: string | null;
  readonly xids: readonly string[] | null;
  readonly positions: readonly string[] | null;
}

/** Uses the index events_feed. The events there are final, as in `readFeed`. */
const KEYS = `
  WITH looked AS MATERIALIZED (
    SELECT xid, position, stream_id, version FROM journal.events
     WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, position) > ($1::xid8, $2::bigint)
     ORDER BY xid, position LIMIT $3),
  wanted AS (
    SELECT xid, position FROM looked WHERE split_part(stream_id, '/', 1) = ANY ($4::text[]) ORDER BY stream_id, version),
  last AS (SELECT xid, position FROM looked ORDER BY looked.xid DESC, position DESC LIMIT 1)
  SELECT last.xid::text, last.position, keys.*
    FROM (SELECT array_agg(xid::text) AS xids, array_agg(position) AS positions FROM wanted) keys LEFT JOIN last ON true`;

const EVENTS = `
  SELECT ${EVENT_COLUMNS} FROM unnest($1::xid8[], $2::bigint[]) WITH ORDINALITY AS key (xid, position, place)
    JOIN journal.events USING (xid, position) ORDER BY place`;
