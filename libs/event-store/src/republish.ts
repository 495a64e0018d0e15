import type { Topic } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { JOURNAL_SOURCE, loadCheckpoint } from './checkpoints.js';
import type { FeedPosition } from './read-feed.js';

/** The publisher's checkpoint: how far the journal's events were sent. The feed's reader keeps it. */
export const PUBLISHER = { consumer: 'publisher', table: 'journal.checkpoints' } as const;
const OF_PUBLISHER = `consumer = '${PUBLISHER.consumer}' AND source = '${JOURNAL_SOURCE}'`;

/** Up to where the journal was sent; its start while topics are filled from the beginning. `feed` is connected as `postern_feed`. */
export function loadPublished(feed: DataSource): Promise<FeedPosition> {
  return loadCheckpoint(feed, PUBLISHER.table, PUBLISHER.consumer, JOURNAL_SOURCE);
}

/**
 * Topics that are being filled again. Up to `until` everything was published before, so that of those events the ones of these topics
 * alone are sent; what lies behind it goes to every topic.
 */
export interface Republish {
  readonly topics: ReadonlySet<string>;
  /** The publisher's checkpoint when it was asked. */
  readonly until: FeedPosition;
}

/**
 * Has the publisher send every event of the topic again: it goes back to the journal's beginning, in the transaction that
 * writes down how far it was. `feed` is connected as `postern_feed`.
 */
export async function askForRepublish(feed: DataSource, topic: Topic): Promise<'asked' | 'nothing-published'> {
  return feed.transaction(async (manager) => {
    // A statement of its own: another request at the same moment has moved it, and only the next statement sees what that wrote.
    await manager.query(`SELECT FROM journal.checkpoints WHERE ${OF_PUBLISHER} FOR UPDATE`);
    const [publisher] = await manager.query<{ published: boolean }[]>(
      `SELECT xid > '0' OR EXISTS (SELECT FROM journal.republishes) AS published
         FROM journal.checkpoints WHERE ${OF_PUBLISHER}`,
    );
    if (publisher?.published !== true) return 'nothing-published';
    // While another is under way, the checkpoint lies before where that began.
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
      // Also where it is at the beginning already: a publisher that has read what is asked for must not move it.
      `UPDATE journal.checkpoints SET xid = '0', position = 0, backlog_step = gen_random_uuid(), updated_at = clock_timestamp() WHERE ${OF_PUBLISHER}`,
    );
    return 'asked';
  });
}

/** Events of the journal before the publisher's former checkpoint that were not read again yet; 0 once it is done. */
export async function republishLeft(feed: Pick<DataSource, 'query'>, topic: Topic): Promise<number> {
  const [row] = await feed.query<{ left: string }[]>(
    `SELECT greatest(1, until_position - position) AS left
       FROM journal.republishes, journal.checkpoints WHERE topic = $1 AND ${OF_PUBLISHER}`,
    [topic],
  );
  return Number(row?.left ?? 0);
}

/** What is being filled again; null where nothing is. */
export async function pendingRepublish(feed: Pick<DataSource, 'query'>): Promise<Republish | null> {
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

/** Ends what is done when the publisher has reached `at`: in the transaction that moves its checkpoint there. */
export async function endRepublish(manager: EntityManager, at: FeedPosition): Promise<void> {
  await manager.query('DELETE FROM journal.republishes WHERE (until_xid, until_position) <= ($1::xid8, $2::bigint)', [
    at.xid,
    at.position,
  ]);
}
