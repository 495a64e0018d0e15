import type { DatabaseRole } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import { FEED_START, samePosition, type FeedPosition } from './read-feed.js';

interface CheckpointMove {
  readonly consumer: string;
  readonly source: string;
  readonly from: FeedPosition;
  readonly to: FeedPosition;
}

export const JOURNAL_SOURCE = 'journal';

/** Another instance has moved or removed the checkpoint: roll back, load it again and continue from there. */
export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved';
  constructor(consumer: string, source: string) {
    super(
      `The checkpoint of ${consumer} on ${source} is not where it was: another instance has handled these events, or it was removed. ` +
        'Roll back, load it again and go on from there.',
    );
  }
}

/** SQL for a migration: `<schema>.checkpoints`. A source is the feed, with a position, or a partition, with a `Bookmark`. */
export function checkpointTableSql(schema: string, role: DatabaseRole): string {
  return `
    CREATE TABLE ${schema}.checkpoints (
      consumer      text COLLATE "C",
      source        text COLLATE "C",
      xid           xid8   NOT NULL DEFAULT '0',
      position      bigint NOT NULL DEFAULT 0,
      broker_offset bigint CHECK (broker_offset >= 0),
      event_id      uuid,
      updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (consumer, source)
    ) WITH (fillfactor = 50);
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.checkpoints TO ${role}`;
}

/** The position up to which the consumer has handled the source, or the start. `table` is `schema.checkpoints`. */
export async function loadCheckpoint(
  from: DataSource | EntityManager,
  table: string,
  consumer: string,
  source: string,
): Promise<FeedPosition> {
  const rows = await from.query<{ xid: string; position: string }[]>(
    `SELECT xid::text, position FROM ${table} WHERE consumer = $1 AND source = $2`,
    [consumer, source],
  );
  const row = rows[0];
  return row ? { xid: row.xid, position: Number(row.position) } : FEED_START;
}

/** Compare-and-set in the transaction of the effects: a slower instance gets `CheckpointMoved`. */
export async function advanceCheckpoint(manager: EntityManager, table: string, move: CheckpointMove): Promise<void> {
  const { consumer, source, from, to } = move;
  const values = [consumer, source, to.xid, to.position];
  if (samePosition(from, FEED_START)) {
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO ${table} (consumer, source, xid, position) VALUES ($1, $2, $3::xid8, $4)
       ON CONFLICT DO NOTHING RETURNING 1`,
      values,
    );
    if (inserted.length === 1) return;
  }
  const [, updated] = await manager.query<[unknown[], number]>(
    `UPDATE ${table} SET xid = $3::xid8, position = $4, updated_at = clock_timestamp()
      WHERE consumer = $1 AND source = $2 AND xid = $5::xid8 AND position = $6`,
    [...values, from.xid, from.position],
  );
  if (updated !== 1) throw new CheckpointMoved(consumer, source);
}

/** How far a consumer has read a partition. Only avoids reading from the beginning: versions show what was applied. */
export interface Bookmark {
  /** Of the next message; every message before it took effect. */
  readonly offset: number;
  /** The event of the message before it, to see whether the topic is the same; null if that message was not an event. */
  readonly eventId: string | null;
}

export interface Bookmarks {
  of(source: string): Bookmark | undefined;
  /**
   * Milliseconds by the database's clock since the consumer's feed checkpoint was moved, by a rebuild or by a Postern without Kafka. All events
   * before it were applied, in whatever partition. Null: it has no feed checkpoint.
   */
  readonly feedAgeMs: number | null;
}

/** The bookmarks of the consumer; a source is `<topic>/<partition>`. `table` is `schema.checkpoints`. */
export async function loadBookmarks(from: DataSource, table: string, consumer: string): Promise<Bookmarks> {
  const rows = await from.query<{ source: string; offset: string | null; eventId: string | null; age: number }[]>(
    `SELECT source, broker_offset AS "offset", event_id AS "eventId",
            (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::float8 AS age
       FROM ${table} WHERE consumer = $1`,
    [consumer],
  );
  const found = new Map<string, Bookmark>();
  for (const { source, offset, eventId } of rows) {
    if (offset !== null) found.set(source, { offset: Number(offset), eventId });
  }
  const feed = rows.find(({ source }) => source === JOURNAL_SOURCE);
  return { of: (source) => found.get(source), feedAgeMs: feed?.age ?? null };
}

interface BookmarkMove {
  readonly consumer: string;
  readonly source: string;
  readonly from: number;
  readonly to: Bookmark;
}

/** Creates missing bookmarks. From then on, messages that are deleted before they are read are a visible loss. */
export async function addBookmarks(
  to: DataSource,
  table: string,
  consumer: string,
  offsets: ReadonlyMap<string, number>,
): Promise<void> {
  if (offsets.size === 0) return;
  await to.query(
    `INSERT INTO ${table} (consumer, source, broker_offset)
     SELECT $1, source, at FROM unnest($2::text[], $3::bigint[]) AS missing (source, at) ON CONFLICT DO NOTHING`,
    [consumer, [...offsets.keys()], [...offsets.values()]],
  );
}

/**
 * In the transaction of the effects.
 * @throws `CheckpointMoved` if the bookmark is not at `from`: another member moved it, a rebuild removed it, or a database crash undid the last
 * transactions (consumers do not wait for the disk). Without this check, the bookmark would skip what the crash undid.
 */
export async function moveBookmark(
  manager: EntityManager,
  table: string,
  { consumer, source, from, to }: BookmarkMove,
): Promise<void> {
  const [, updated] = await manager.query<[unknown[], number]>(
    `UPDATE ${table} SET broker_offset = $3, event_id = $4, updated_at = clock_timestamp() WHERE consumer = $1 AND source = $2 AND broker_offset = $5`,
    [consumer, source, to.offset, to.eventId, from],
  );
  if (updated !== 1) throw new CheckpointMoved(consumer, source);
}

/** For a read model that was rebuilt from the journal: it has everything in the partitions, at any offset. */
export async function removeBookmarks(manager: EntityManager, table: string, consumer: string): Promise<void> {
  await manager.query(`DELETE FROM ${table} WHERE consumer = $1 AND source <> '${JOURNAL_SOURCE}'`, [consumer]);
}
