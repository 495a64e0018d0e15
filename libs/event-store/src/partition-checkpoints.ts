import type { DataSource, EntityManager } from 'typeorm';
import { CheckpointMoved } from './checkpoints.js';
import { FEED_START, type FeedPosition } from './feed-position.js';

/** How far a consumer has handled a partition of a topic. */
export interface PartitionCheckpoint {
  /** The feed position of the last event that was applied. */
  readonly position: FeedPosition;
  /** Where to go on in the partition; null where nothing of it was handled. */
  readonly offset: number | null;
  /** There is a row of the partition's own. */
  readonly stored: boolean;
  /** The consumer's checkpoint on the journal's own feed: what does not lie behind it was applied too, such as by a rebuild. */
  readonly floor: FeedPosition;
}

/** SQL for a migration: the table `<schema>.checkpoints` can also hold places in topics. The journal's own feed leaves it null. */
export function brokerOffsetSql(schema: string): string {
  return `ALTER TABLE ${schema}.checkpoints ADD COLUMN broker_offset bigint CHECK (broker_offset >= 0)`;
}

/** The checkpoint's name for the journal's own feed. */
export const JOURNAL_SOURCE = 'journal';

/**
 * The checkpoints of the consumer, by source. What does not lie behind the consumer's checkpoint on the journal's own feed, if it has
 * one, was applied, by a Postern without a broker or by a rebuild: a partition that has none of its own begins there.
 */
export async function loadPartitionCheckpoints(
  from: DataSource | EntityManager,
  table: string,
  consumer: string,
): Promise<(source: string) => PartitionCheckpoint> {
  const rows = await from.query<{ source: string; xid: string; position: string; broker_offset: string | null }[]>(
    `SELECT source, xid::text, position, broker_offset FROM ${table} WHERE consumer = $1`,
    [consumer],
  );
  const journal = rows.find(({ source }) => source === JOURNAL_SOURCE);
  const floor = journal ? { xid: journal.xid, position: Number(journal.position) } : FEED_START;
  const found = new Map(
    rows.map(({ source, xid, position, broker_offset: offset }) => [
      source,
      {
        position: { xid, position: Number(position) },
        offset: offset === null ? null : Number(offset),
        stored: true,
        floor,
      },
    ]),
  );
  const none = { position: floor, offset: null, stored: false, floor };
  return (source) => found.get(source) ?? none;
}

export interface PartitionMove {
  readonly consumer: string;
  /** `<topic>/<partition>` */
  readonly source: string;
  readonly from: PartitionCheckpoint;
  readonly to: PartitionCheckpoint;
}

/**
 * Compare-and-set, in the transaction that holds the effects: of two that handled the same messages, one commits. The offset
 * is compared too: a message that was put aside moves it alone; and so is the checkpoint on the journal's own feed, which a rebuild
 * moves while it keeps others from the tables. Throws `CheckpointMoved`.
 */
export async function advancePartitionCheckpoint(
  manager: EntityManager,
  table: string,
  { consumer, source, from, to }: PartitionMove,
): Promise<void> {
  const { floor } = from;
  const values = [consumer, source, to.position.xid, to.position.position, to.offset, floor.xid, floor.position];
  if (!from.stored) {
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO ${table} (consumer, source, xid, position, broker_offset)
       SELECT $1, $2, $3::xid8, $4::bigint, $5::bigint WHERE ${floorStands(table)}
       ON CONFLICT DO NOTHING RETURNING 1`,
      values,
    );
    if (inserted.length === 1) return;
    throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
  }
  const [, updated] = await manager.query<[unknown[], number]>(
    `UPDATE ${table} SET xid = $3::xid8, position = $4, broker_offset = $5, updated_at = clock_timestamp()
      WHERE consumer = $1 AND source = $2 AND xid = $8::xid8 AND position = $9 AND broker_offset IS NOT DISTINCT FROM $10
        AND ${floorStands(table)}`,
    [...values, from.position.xid, from.position.position, from.offset],
  );
  if (updated !== 1) throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
}

function floorStands(table: string): string {
  return `coalesce((SELECT (xid, position) FROM ${table} WHERE consumer = $1 AND source = '${JOURNAL_SOURCE}'), ('0'::xid8, 0::bigint))
          = ($6::xid8, $7::bigint)`;
}
