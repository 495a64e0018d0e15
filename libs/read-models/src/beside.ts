import { TOPIC_OF_CATEGORY, type Recorded, type StreamCategory, type Topic } from '@postern/contracts';
import {
  advanceCheckpoint,
  FEED_END,
  loadCheckpoint,
  readFeed,
  samePosition,
  type FeedPage,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { copyPartitions, copyTable, type Persistence } from './copy-table.js';
import { inSchema } from './in-schema.js';
import type { LivePlace } from './live-place.js';
import type { ReadModel } from './read-model.js';
import { SkippedEvents } from './skipped-events.js';

/** The source of the live consumers' checkpoints. */
export const SOURCE = 'journal';
const TELL_EVERY_MS = 5_000;

/** The stream categories whose events the topics carry. */
export function categoriesOf(topics: readonly Topic[]): readonly StreamCategory[] {
  return (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter((category) =>
    topics.some((topic) => topic === TOPIC_OF_CATEGORY[category]),
  );
}

/**
 * A read model's tables in a schema of their own, with a checkpoint of their own: filled from the journal a batch a transaction, while
 * the live ones are in use. What it has come to stands in the database, so another process can go on with it.
 */
export class Beside {
  /** Events that this process has applied. */
  events = 0;
  readonly #skipped: SkippedEvents;
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
    /** Of each topic. */
    readonly partitions: number,
  ) {
    this.#skipped = new SkippedEvents(schema, model.consumer);
  }

  /** Makes the tables, empty, whatever was there. */
  async begin(): Promise<void> {
    const { model, schema } = this;
    await this.drop();
    await this.owner.transaction(async (manager) => {
      await manager.query(`CREATE SCHEMA ${schema}`);
      await manager.query(`CREATE TABLE ${schema}.checkpoints (LIKE ${model.schema}.checkpoints INCLUDING ALL)`);
      await this.#skipped.create(manager);
      for (const table of model.tables) await copyTable(manager, model.schema, schema, table.name, this.persistence);
    });
  }

  /** True where an earlier filling was not brought to its end. */
  async exists(): Promise<boolean> {
    const [row] = await this.owner.query<{ there: boolean }[]>(`SELECT to_regclass($1) IS NOT NULL AS there`, [
      this.#skipped.table,
    ]);
    return row?.there === true;
  }

  async drop(): Promise<void> {
    await this.owner.query(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`);
  }

  /** Up to where it is filled, but for what was passed over. */
  position(manager: EntityManager = this.owner.manager): Promise<FeedPosition> {
    return loadCheckpoint(manager, `${this.schema}.checkpoints`, this.model.consumer, SOURCE);
  }

  /** Applies what it has not, and the live consumer at `to` has; without one, all that the journal has. */
  async catchUp(to?: LivePlace): Promise<void> {
    const upTo = to?.end ?? FEED_END;
    const started = { at: performance.now(), events: this.events };
    await this.owner.transaction((manager) => this.applySkipped(manager, to));
    let stored = await this.position();
    let next = this.read(stored, upTo);
    for (;;) {
      const page = await next;
      if (page.more) {
        // The next page is read while this one is written.
        next = this.read(page.position, upTo);
        next.catch(() => undefined);
      }
      if (page.events.length > 0 || !page.more) {
        const from = stored;
        await this.owner.transaction((manager) => this.applyPage(manager, page, from, to));
        stored = page.position;
      }
      this.tellProgress(started);
      if (!page.more) return;
    }
  }

  /** The same in the caller's transaction, if no more than a batch is left; false, and nothing done, otherwise. */
  async catchUpWithin(manager: EntityManager): Promise<boolean> {
    await this.applySkipped(manager);
    const from = await this.position(manager);
    const page = await this.read(from, FEED_END);
    if (page.more) return false;
    const { schema, tables } = this.model;
    for (const { name } of tables) await copyPartitions(manager, schema, this.schema, name, this.persistence);
    await this.applyPage(manager, page, from);
    return true;
  }

  private async applyPage(manager: EntityManager, page: FeedPage, from: FeedPosition, to?: LivePlace): Promise<void> {
    const covered = (event: Recorded, i: number) => to?.covers(event, page.xids[i] ?? '') ?? true;
    await this.apply(manager, page.events.filter(covered));
    const placed = page.events.map((event, i) => ({ event, xid: page.xids[i] ?? '' }));
    await this.#skipped.add(
      manager,
      placed.filter(({ event }, i) => !covered(event, i)),
    );
    if (samePosition(from, page.position)) return;
    const move = { consumer: this.model.consumer, source: SOURCE, from, to: page.position };
    await advanceCheckpoint(manager, `${this.schema}.checkpoints`, move);
  }

  /** What was passed over, since the live consumer had not come to it, and now it has. */
  private async applySkipped(manager: EntityManager, to?: LivePlace): Promise<void> {
    await this.apply(manager, await this.#skipped.take(manager, (event, xid) => to?.covers(event, xid) ?? true));
  }

  private async apply(manager: EntityManager, events: readonly Recorded[]): Promise<void> {
    // What a crash takes, the journal gives again: the checkpoint goes with it.
    await manager.query('SET LOCAL synchronous_commit = off');
    this.write ??= await this.model.writer(this.owner.manager);
    if (events.length > 0) await this.write(inSchema(manager, this.model.schema, this.schema), events);
    this.events += events.length;
  }

  private read(after: FeedPosition, upTo: FeedPosition): Promise<FeedPage> {
    return readFeed(this.feed, after, this.model.batch, categoriesOf(this.model.topics), upTo);
  }

  private tellProgress(started: { readonly at: number; readonly events: number }): void {
    const now = performance.now();
    if (now - Math.max(this.told, started.at) < TELL_EVERY_MS) return;
    this.told = now;
    const rate = Math.round((this.events - started.events) / ((now - started.at) / 1_000));
    this.tell(`${this.model.name}: ${this.events} events applied, ${rate} a second`);
  }
}
