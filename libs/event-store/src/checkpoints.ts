import type { DatabaseRole } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import { FEED_START, samePosition, type FeedPosition } from './read-feed.js';

/** One move of a consumer's checkpoint on one source (the journal, or a topic's partition). */
export interface CheckpointMove {
  readonly consumer: string;
  readonly source: string;
  readonly from: FeedPosition;
  readonly to: FeedPosition;
}

/** The checkpoint's name for the journal's own feed. */
export const JOURNAL_SOURCE = 'journal';

/** Somebody else has moved or removed the checkpoint: roll back, load it again and go on from there. */
export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved';
  constructor(consumer: string, source: string) {
    super(
      `The checkpoint of ${consumer} on ${source} is not where it was: another instance has handled these events, or it was removed. ` +
        'Roll back, load it again and go on from there.',
    );
  }
}

/**
 * SQL for a migration: the table `<schema>.checkpoints`, open to the role. A source is the journal's feed, with a position, or a topic's
 * partition, with a bookmark: the next offset and the event before it (see `bookmarks.ts`).
 */
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

/** Up to where the consumer has handled the source; the start for a new one. `table` is `schema.checkpoints`. */
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

/**
 * Compare-and-set, in the transaction that holds the effects: of two that handled the same events, one commits.
 * The other waits for it on the row, and gets `CheckpointMoved`.
 */
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
