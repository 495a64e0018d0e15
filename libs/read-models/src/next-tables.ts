import { categoriesOf, type Recorded } from '@postern/contracts';
import {
  FEED_START,
  readFeed,
  readSettledPosition,
  readStreams,
  samePosition,
  type FeedPosition,
  type StreamPosition,
} from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { copyPartitions, copyTable } from './copy-table.js';
import type { ReadModel, Rebuilding, Report } from './read-model.js';

/** A page's transaction holds back the feed for about 100 ms. */
const EVENTS_PER_PAGE = 2_000;
const REPORT_EVERY_MS = 5_000;

/** The tables are filled stream by stream, then along the feed. */
interface Progress {
  readonly stream: StreamPosition | null;
  readonly feed: FeedPosition;
}

interface Page {
  readonly events: readonly Recorded[];
  readonly to: Progress;
  readonly more: boolean;
}

/** One transaction per page of the journal. The progress is stored, so another process can continue. */
export class NextTables {
  readonly schema: string;
  events = 0;
  readonly rebuilding: Rebuilding | undefined;
  private reported = performance.now();

  constructor(
    readonly owner: DataSource,
    readonly model: ReadModel,
    private readonly report: Report,
  ) {
    this.schema = `${model.schema}_${model.name.replaceAll('-', '_')}_next`;
    this.rebuilding = model.rebuilding?.();
  }

  async create(): Promise<void> {
    const { model, owner, schema } = this;
    const [stream, settled] =
      model.fill === 'stream' ? [`${model.streams.category}/`, await readSettledPosition(owner)] : [null, FEED_START];
    await owner.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await owner.transaction(async (manager) => {
      await manager.query(`CREATE SCHEMA ${schema}`);
      for (const { name } of model.tables) await copyTable(manager, model.schema, schema, name);
      await this.useTables(manager);
      for (const { start } of model.tables) if (start) await manager.query(start);
      await manager.query(
        `CREATE TABLE ${schema}.progress AS SELECT $1::text AS stream_id, 0 AS version, $2::xid8 AS xid, $3::bigint AS position`,
        [stream, settled.xid, settled.position],
      );
    });
  }

  async exist(): Promise<boolean> {
    const sql = 'SELECT to_regclass($1) IS NOT NULL AS exist';
    const [row] = await this.owner.query<{ exist: boolean }[]>(sql, [`${this.schema}.progress`]);
    return row?.exist === true;
  }

  async progress(from: DataSource | EntityManager = this.owner): Promise<Progress> {
    const [row] = await from.query<{ stream_id: string | null; version: number; xid: string; position: string }[]>(
      `SELECT stream_id, version, xid::text, position FROM ${this.schema}.progress`,
    );
    if (!row) throw new Error(`${this.schema}.progress has lost its row. Run the rebuild again without --resume.`);
    const { stream_id: streamId, version, xid, position } = row;
    return { stream: streamId === null ? null : { streamId, version }, feed: { xid, position: Number(position) } };
  }

  async catchUp(): Promise<void> {
    let at = await this.progress();
    let next = this.read(at);
    for (;;) {
      const page = await next;
      if (page.more) {
        // The next page is read while this one is written.
        next = this.read(page.to);
        next.catch(() => undefined);
      }
      if (at.stream !== null || !samePosition(at.feed, page.to.feed))
        await this.owner.transaction((manager) => this.apply(manager, page));
      if (!page.more) return;
      at = page.to;
    }
  }

  /** In the caller's transaction, if at most one page is left; otherwise does nothing and returns false. */
  async catchUpWithin(manager: EntityManager): Promise<boolean> {
    const page = await this.read(await this.progress(manager));
    if (page.more) return false;
    const { schema, tables } = this.model;
    for (const { name } of tables) await copyPartitions(manager, schema, this.schema, name);
    await this.apply(manager, page);
    return true;
  }

  /** Until the transaction ends, names without a schema mean the new tables, or live ones that are not rebuilt. */
  async useTables(manager: EntityManager): Promise<void> {
    await manager.query(`SET LOCAL search_path = ${this.schema}, ${this.model.schema}`);
  }

  private async read({ stream, feed }: Progress): Promise<Page> {
    const { owner, model } = this;
    if (stream !== null) {
      const events = await readStreams(owner, model.streams.category, stream, EVENTS_PER_PAGE);
      const last = events.length === EVENTS_PER_PAGE ? (events.at(-1) ?? null) : null;
      return { events, to: { stream: last, feed }, more: true };
    }
    const { events, position, more } = await readFeed(owner, feed, EVENTS_PER_PAGE, categoriesOf(model.topics));
    return { events, to: { stream: null, feed: position }, more };
  }

  private async apply(manager: EntityManager, { events, to: { stream, feed } }: Page): Promise<void> {
    // A crash loses the progress too, so the events are applied again.
    await manager.query('SET LOCAL synchronous_commit = off');
    await this.useTables(manager);
    if (events.length > 0) {
      await this.model.write(manager, events);
      await this.rebuilding?.afterWrite(manager);
    }
    await manager.query(
      `UPDATE ${this.schema}.progress SET stream_id = $1, version = $2, xid = $3::xid8, position = $4`,
      [stream?.streamId ?? null, stream?.version ?? 0, feed.xid, feed.position],
    );
    this.events += events.length;
    if (performance.now() - this.reported < REPORT_EVERY_MS) return;
    this.reported = performance.now();
    this.report(`${this.model.name}: ${this.events} events applied`);
  }
}
