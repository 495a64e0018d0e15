import type { FeedEvent, Recorded } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** The live consumer is further behind than so many events in one partition, beside what it has applied in another. */
const MOST = 100_000;

/** The events before a filling's place that the live consumer had not applied yet: in a table beside, so that another process goes on. */
export class SkippedEvents {
  readonly table: string;

  constructor(
    schema: string,
    private readonly consumer: string,
  ) {
    this.table = `${schema}.skipped`;
  }

  async create(manager: EntityManager): Promise<void> {
    await manager.query(`CREATE TABLE ${this.table} (xid text, position bigint PRIMARY KEY, event json)`);
  }

  /** Throws where there get to be too many. */
  async add(manager: EntityManager, events: readonly FeedEvent[]): Promise<void> {
    if (events.length === 0) return;
    await manager.query(
      `INSERT INTO ${this.table} SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]::json[])`,
      [
        events.map(({ xid }) => xid),
        events.map(({ event }) => event.position),
        events.map(({ event }) => JSON.stringify(event)),
      ],
    );
    const [row] = await manager.query<{ many: boolean }[]>(`SELECT count(*) > ${MOST} AS many FROM ${this.table}`);
    if (row?.many === true)
      throw new Error(
        `${this.consumer} is more than ${MOST} events behind in some partitions. Let it catch up (postern_feed_lag_events), and run it again.`,
      );
  }

  /** Removes those that are wanted, and gives them in the feed's order. */
  async take(manager: EntityManager, wanted: (event: Recorded, xid: string) => boolean): Promise<readonly Recorded[]> {
    const rows = await manager.query<{ xid: string; event: Recorded }[]>(
      `SELECT xid, event FROM ${this.table} ORDER BY xid::xid8, position`,
    );
    const taken = rows.filter(({ xid, event }) => wanted(event, xid)).map(({ event }) => event);
    if (taken.length > 0)
      await manager.query(`DELETE FROM ${this.table} WHERE position = ANY ($1::bigint[])`, [
        taken.map(({ position }) => position),
      ]);
    return taken;
  }
}
