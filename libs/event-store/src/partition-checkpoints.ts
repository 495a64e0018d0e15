import type { DataSource, EntityManager } from 'typeorm';
import { CheckpointMoved } from './checkpoints.js';
import { FEED_START, type FeedPosition } from './feed-position.js';

/** How far a consumer has handled a partition of a topic. */
export interface PartitionCheckpoint {
  /**
   * The feed position of the last event of the partition that was applied, here or under the floor; the feed's start where none was.
   */
  readonly position: FeedPosition;
  /** Where to go on in the partition; null where nothing of it was handled. */
  readonly offset: number | null;
  /** There is a row of the partition's own. */
  readonly stored: boolean;
  /** The consumer's checkpoint on the journal's own feed: what does not lie behind it was applied too, such as by a rebuild. */
  readonly floor: FeedPosition;
  /** How long ago that one was moved, in ms by the database's clock; null where there is none. */
  readonly floorAgeMs: number | null;
}

/** The consumer's checkpoints on the partitions of its topics. */
export interface PartitionCheckpoints {
  of(source: string): PartitionCheckpoint;
  /** How many partitions a topic had when they were made; null where that is not known, or where there are none. */
  readonly partitions: number | null;
}

/** SQL for a migration: the table `<schema>.checkpoints` can also hold places in topics. The journal's own feed leaves it null. */
export function brokerOffsetSql(schema: string): string {
  return `ALTER TABLE ${schema}.checkpoints ADD COLUMN broker_offset bigint CHECK (broker_offset >= 0)`;
}

/**
 * SQL for a migration: how many partitions the topic had in which a checkpoint was made. With another number a key's events come on
 * another partition, of which the checkpoint says nothing.
 */
export function partitionCountSql(schema: string): string {
  return `ALTER TABLE ${schema}.checkpoints ADD COLUMN broker_partitions integer CHECK (broker_partitions > 0)`;
}

/** The checkpoint's name for the journal's own feed. */
export const JOURNAL_SOURCE = 'journal';

/**
 * The checkpoints of the consumer. What does not lie behind the consumer's checkpoint on the journal's own feed, if it has
 * one, was applied, by a Postern without a broker or by a rebuild.
 */
export async function loadPartitionCheckpoints(
  from: DataSource | EntityManager,
  table: string,
  consumer: string,
): Promise<PartitionCheckpoints> {
  const rows = await from.query<CheckpointRow[]>(
    `SELECT source, xid::text, position, broker_offset, broker_partitions,
            (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::float8 AS age
       FROM ${table} WHERE consumer = $1`,
    [consumer],
  );
  const journal = rows.find(({ source }) => source === JOURNAL_SOURCE);
  const floor = journal ? { xid: journal.xid, position: Number(journal.position) } : FEED_START;
  const shared = { floor, floorAgeMs: journal?.age ?? null };
  const found = new Map(
    rows.map(({ source, xid, position, broker_offset: offset }): [string, PartitionCheckpoint] => [
      source,
      {
        position: { xid, position: Number(position) },
        offset: offset === null ? null : Number(offset),
        stored: true,
        ...shared,
      },
    ]),
  );
  const none: PartitionCheckpoint = { position: FEED_START, offset: null, stored: false, ...shared };
  return {
    of: (source) => found.get(source) ?? none,
    partitions: rows.find(({ broker_partitions: count }) => count !== null)?.broker_partitions ?? null,
  };
}

interface CheckpointRow {
  readonly source: string;
  readonly xid: string;
  readonly position: string;
  readonly broker_offset: string | null;
  readonly broker_partitions: number | null;
  readonly age: number;
}

export interface PartitionMove {
  readonly consumer: string;
  /** `<topic>/<partition>` */
  readonly source: string;
  readonly from: PartitionCheckpoint;
  readonly to: PartitionCheckpoint;
  /** Of the topic. */
  readonly partitions: number;
}

/**
 * Compare-and-set, in the transaction that holds the effects: of two that handled the same messages, one commits. The offset
 * is compared too: a message that was put aside moves it alone; and so is the checkpoint on the journal's own feed, which a rebuild
 * moves while it keeps others from the tables. Throws `CheckpointMoved`.
 */
export async function advancePartitionCheckpoint(
  manager: EntityManager,
  table: string,
  { consumer, source, from, to, partitions }: PartitionMove,
): Promise<void> {
  const { floor } = from;
  const { xid, position } = to.position;
  const values = [consumer, source, xid, position, to.offset, floor.xid, floor.position, partitions];
  if (!from.stored) {
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO ${table} (consumer, source, xid, position, broker_offset, broker_partitions)
       SELECT $1, $2, $3::xid8, $4::bigint, $5::bigint, $8::integer WHERE ${floorStands(table)}
       ON CONFLICT DO NOTHING RETURNING 1`,
      values,
    );
    if (inserted.length === 1) return;
    throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
  }
  const [, updated] = await manager.query<[unknown[], number]>(
    `UPDATE ${table}
        SET xid = $3::xid8, position = $4, broker_offset = $5, broker_partitions = $8, updated_at = clock_timestamp()
      WHERE consumer = $1 AND source = $2 AND xid = $9::xid8 AND position = $10 AND broker_offset IS NOT DISTINCT FROM $11
        AND ${floorStands(table)}`,
    [...values, from.position.xid, from.position.position, from.offset],
  );
  if (updated !== 1) throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
}

function floorStands(table: string): string {
  return `coalesce((SELECT (xid, position) FROM ${table} WHERE consumer = $1 AND source = '${JOURNAL_SOURCE}'), ('0'::xid8, 0::bigint))
          = ($6::xid8, $7::bigint)`;
}

/**
 * Forgets what is known of partitions, for a consumer that has applied all of its topics' events up to `applied` and none behind it:
 * that alone decides from then on, whatever the partition on which an event comes. A consumer that runs finds its checkpoints moved.
 * Where it had caught up once is kept with the rows. In the caller's transaction, with the consumer's rows locked.
 */
export async function forgetPartitions(
  manager: EntityManager,
  table: string,
  consumer: string,
  applied: FeedPosition,
): Promise<void> {
  await manager.query(
    `UPDATE ${table} SET xid = '0', position = 0, broker_offset = NULL, broker_partitions = NULL, updated_at = clock_timestamp()
      WHERE consumer = $1 AND source <> '${JOURNAL_SOURCE}'`,
    [consumer],
  );
  await manager.query(
    `INSERT INTO ${table} (consumer, source, xid, position) VALUES ($1, '${JOURNAL_SOURCE}', $2::xid8, $3)
     ON CONFLICT (consumer, source) DO UPDATE
       SET xid = excluded.xid, position = excluded.position, updated_at = clock_timestamp()`,
    [consumer, applied.xid, applied.position],
  );
}
