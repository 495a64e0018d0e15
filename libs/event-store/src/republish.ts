import type { Topic } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { CheckpointMoved, JOURNAL_SOURCE, loadCheckpoint } from './checkpoints.js';
import type { FeedPosition } from './read-feed.js';

/** The publisher's checkpoint: how far the journal's events were sent. The feed's reader writes it. */
export const PUBLISHER = { consumer: 'publisher', table: 'journal.checkpoints' } as const;
const OF_PUBLISHER = `consumer = '${PUBLISHER.consumer}' AND source = '${JOURNAL_SOURCE}'`;

/** How far the journal was sent; its start while topics are refilled. `feed` is connected as `postern_feed`. */
export function loadPublished(feed: DataSource): Promise<FeedPosition> {
  return loadCheckpoint(feed, PUBLISHER.table, PUBLISHER.consumer, JOURNAL_SOURCE);
}

/** Topics that are being refilled: of the events up to `until`, only theirs are sent; later ones go to every topic. */
export interface Republish {
  readonly topics: ReadonlySet<string>;
  readonly until: FeedPosition;
}

/** Moves the publisher back to the journal's beginning and stores how far it was. `feed`: as `postern_feed`. */
export async function askForRepublish(feed: DataSource, topic: Topic): Promise<'asked' | 'nothing-published'> {
  return feed.transaction(async (manager) => {
    // A separate statement: only the next one sees what a simultaneous request has written.
    await manager.query(`SELECT FROM journal.checkpoints WHERE ${OF_PUBLISHER} FOR UPDATE`);
    const [publisher] = await manager.query<{ published: boolean }[]>(
      `SELECT xid > '0' OR EXISTS (SELECT FROM journal.republishes) AS published
         FROM journal.checkpoints WHERE ${OF_PUBLISHER}`,
    );
    if (publisher?.published !== true) return 'nothing-published';
    // During another refill, the checkpoint is before the position where that began.
    await manager.query(
      `INSERT INTO journal.republishes (topic, until_xid, until_position)
       SELECT $1, xid, position FROM (
         SELECT until_xid AS xid, until_position AS position FROM journal.republishes
          UNION ALL SELECT xid, position FROM journal.checkpoints WHERE ${OF_PUBLISHER}
       ) place ORDER BY xid DESC, position DESC LIMIT 1
       ON CONFLICT (topic) DO UPDATE SET until_xid = excluded.until_xid, until_position = excluded.until_position`,
      [topic],
    );
    await manager.query(
      `UPDATE journal.checkpoints SET xid = '0', position = 0, updated_at = clock_timestamp() WHERE ${OF_PUBLISHER}`,
    );
    return 'asked';
  });
}

/** Events before the publisher's former checkpoint that were not read again yet; 0 when it is done. */
export async function republishLeft(feed: Pick<DataSource, 'query'>, topic: Topic): Promise<number> {
  const [row] = await feed.query<{ left: string }[]>(
    `SELECT greatest(1, until_position - position) AS left
       FROM journal.republishes, journal.checkpoints WHERE topic = $1 AND ${OF_PUBLISHER}`,
    [topic],
  );
  return Number(row?.left ?? 0);
}

export async function pendingRepublish(feed: Pick<DataSource | EntityManager, 'query'>): Promise<Republish | null> {
  const rows = await feed.query<{ topic: string; xid: string; position: string }[]>(
    `SELECT topic, until_xid::text AS xid, until_position AS position
       FROM journal.republishes ORDER BY until_xid DESC, until_position DESC`,
  );
  const last = rows[0];
  if (!last) return null;
  return {
    topics: new Set(rows.map(({ topic }) => topic)),
    until: { xid: last.xid, position: Number(last.position) },
  };
}

/**
 * Ends the refills that are done when the publisher is at `at`, in the transaction that has moved its checkpoint.
 * @throws `CheckpointMoved` if another topic was requested while the checkpoint was at the beginning, where a request does not move it.
 */
export async function endRepublish(manager: EntityManager, { topics }: Republish, at: FeedPosition): Promise<void> {
  const requested = await pendingRepublish(manager);
  if (requested?.topics.size !== topics.size) throw new CheckpointMoved(PUBLISHER.consumer, JOURNAL_SOURCE);
  await manager.query('DELETE FROM journal.republishes WHERE (until_xid, until_position) <= ($1::xid8, $2::bigint)', [
    at.xid,
    at.position,
  ]);
}
