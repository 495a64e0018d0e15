import {
  advanceCheckpoint,
  JOURNAL_SOURCE,
  loadCheckpoint,
  readFeed,
  samePosition,
  type FeedPage,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { copyPartitions, copyTable, type Persistence } from './copy-table.js';
import { inSchema } from './in-schema.js';
import { categoriesOf, type ReadModel } from './read-model.js';

const TELL_EVERY_MS = 5_000;

/**
 * A read model's tables in a schema of their own, with a checkpoint of their own: filled from the journal a batch a transaction, while
 * the live ones are in use. Their state is in the database, so another process can go on with it.
 */
export class NextTables {
  /** Events that this process has applied. */
  events = 0;
  private write: Awaited<ReturnType<ReadModel['writer']>> | undefined;
  private told = 0;

  /** `owner` is connected as the owner, `feed` as `postern_feed`. */
  constructor(
    readonly owner: DataSource,
    private readonly feed: DataSource,
    readonly model: ReadModel,
    readonly schema: string,
    private readonly persistence: Persistence,
    private readonly tell: (line: string) => void,
  ) {}

  /** Makes the tables, empty, whatever was there. */
  async begin(): Promise<void> {
    const { model, schema } = this;
    await this.drop();
    await this.owner.transaction(async (manager) => {
      await manager.query(`CREATE SCHEMA ${schema}`);
      await manager.query(`CREATE TABLE ${schema}.checkpoints (LIKE ${model.schema}.checkpoints INCLUDING ALL)`);
      for (const table of model.tables) await copyTable(manager, model.schema, schema, table.name, this.persistence);
    });
  }

  /** True where an earlier filling was not brought to its end. */
  async exists(): Promise<boolean> {
    const [row] = await this.owner.query<{ there: boolean }[]>(`SELECT to_regclass($1) IS NOT NULL AS there`, [
      this.checkpoints,
    ]);
    return row?.there === true;
  }

  async drop(): Promise<void> {
    await this.owner.query(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`);
  }

  /** Up to where they are filled. */
  position(manager: EntityManager = this.owner.manager): Promise<FeedPosition> {
    return loadCheckpoint(manager, this.checkpoints, this.model.consumer, JOURNAL_SOURCE);
  }

  /** Applies all that the journal has. */
  async catchUp(): Promise<void> {
    const started = { at: performance.now(), events: this.events };
    let stored = await this.position();
    let next = this.read(stored);
    for (;;) {
      const page = await next;
      if (page.more) {
        // The next page is read while this one is written.
        next = this.read(page.position);
        next.catch(() => undefined);
      }
      if (!samePosition(page.position, stored)) {
        const from = stored;
        await this.owner.transaction((manager) => this.apply(manager, page, from));
        stored = page.position;
      }
      this.tellProgress(started);
      if (!page.more) return;
    }
  }

  /** The same in the caller's transaction, if no more than a batch is left; false, and nothing done, otherwise. */
  async catchUpWithin(manager: EntityManager): Promise<boolean> {
    const from = await this.position(manager);
    const page = await this.read(from);
    if (page.more) return false;
    const { schema, tables } = this.model;
    for (const { name } of tables) await copyPartitions(manager, schema, this.schema, name, this.persistence);
    await this.apply(manager, page, from);
    return true;
  }

  private get checkpoints(): string {
    return `${this.schema}.checkpoints`;
  }

  private async apply(manager: EntityManager, { events, position: to }: FeedPage, from: FeedPosition): Promise<void> {
    // What a crash takes, the journal gives again: the checkpoint goes with it.
    await manager.query('SET LOCAL synchronous_commit = off');
    this.write ??= await this.model.writer(this.owner.manager);
    if (events.length > 0) await this.write(inSchema(manager, this.model.schema, this.schema), events);
    this.events += events.length;
    if (samePosition(from, to)) return;
    await advanceCheckpoint(manager, this.checkpoints, {
      consumer: this.model.consumer,
      source: JOURNAL_SOURCE,
      from,
      to,
    });
  }

  private read(after: FeedPosition): Promise<FeedPage> {
    return readFeed(this.feed, after, this.model.batch, categoriesOf(this.model.topics));
  }

  private tellProgress(started: { readonly at: number; readonly events: number }): void {
    const now = performance.now();
    if (now - Math.max(this.told, started.at) < TELL_EVERY_MS) return;
    this.told = now;
    const rate = Math.round((this.events - started.events) / ((now - started.at) / 1_000));
    this.tell(`${this.model.name}: ${this.events} events applied, ${rate} a second`);
  }
}
