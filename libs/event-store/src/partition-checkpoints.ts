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
}

/** SQL for a migration: the table `<schema>.checkpoints` can also hold places in topics. The journal's own feed leaves it null. */
export function brokerOffsetSql(schema: string): string {
  return `ALTER TABLE ${schema}.checkpoints ADD COLUMN broker_offset bigint CHECK (broker_offset >= 0)`;
}

/** The checkpoint's name for the journal's own feed. */
export const JOURNAL_SOURCE = 'journal';

/**
 * The checkpoints of the consumer, by source. A partition that has none begins where the consumer's checkpoint on the journal's
 * own feed stands, if it has one: what lies before it was applied, by a Postern without a broker or by a rebuild.
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
  const found = new Map(
    rows.map(({ source, xid, position, broker_offset: offset }) => [
      source,
      { position: { xid, position: Number(position) }, offset: offset === null ? null : Number(offset), stored: true },
    ]),
  );
  const none = { position: found.get(JOURNAL_SOURCE)?.position ?? FEED_START, offset: null, stored: false };
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
 * is compared too: a message that was put aside moves it alone. Throws `CheckpointMoved`.
 */
export async function advancePartitionCheckpoint(
  manager: EntityManager,
  table: string,
  { consumer, source, from, to }: PartitionMove,
): Promise<void> {
  const values = [consumer, source, to.position.xid, to.position.position, to.offset];
  if (!from.stored) {
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO ${table} (consumer, source, xid, position, broker_offset) VALUES ($1, $2, $3::xid8, $4, $5)
       ON CONFLICT DO NOTHING RETURNING 1`,
      values,
    );
    if (inserted.length === 1) return;
    throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
  }
  const [, updated] = await manager.query<[unknown[], number]>(
    `UPDATE ${table} SET xid = $3::xid8, position = $4, broker_offset = $5, updated_at = clock_timestamp()
      WHERE consumer = $1 AND source = $2 AND xid = $6::xid8 AND position = $7 AND broker_offset IS NOT DISTINCT FROM $8`,
    [...values, from.position.xid, from.position.position, from.offset],
  );
  if (updated !== 1) throw new CheckpointMoved({ consumer, source, from: from.position, to: to.position });
}
