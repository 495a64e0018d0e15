import { TOPIC_OF_CATEGORY, type Recorded, type StreamCategory, type Topic } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** A read model in tables of its own, made of events alone: its rows can be made again from the journal. */
export interface ReadModel {
  /** As an operator names it. */
  readonly name: string;
  readonly schema: string;
  /** The consumer that keeps it, in `<schema>.checkpoints`. */
  readonly consumer: string;
  readonly topics: readonly Topic[];
  /** In the order in which the consumer locks them, so that a rebuild that locks them all waits for it without a deadlock. */
  readonly tables: readonly ModelTable[];
  /** The streams whose subject is in every row that is compared. */
  readonly streams: ModelStreams;
  /** The categories whose events make rows without a subject, and the table of those rows. */
  readonly others?: { readonly categories: readonly StreamCategory[]; readonly table: string };
  /**
   * How new tables are filled. `stream`: one stream after the other, so that a row is written once and not for each of its events.
   * `feed`: as the events came, for tables with a row for each event, which are read in that order.
   */
  readonly fill: 'stream' | 'feed';
  /** SQL of the rows that contradict other live rows, as `"table", key`. */
  readonly contradictions?: string;
  /**
   * The live consumer's own function, whose SQL names tables without their schema: it writes where `search_path` says. Called in a
   * transaction, with events that may have been applied before.
   */
  write(manager: EntityManager, events: readonly Recorded[]): Promise<void>;
  /** Makes what a rebuild does besides. */
  rebuilding?(): Rebuilding;
}

/** Steps of one rebuild. In their SQL, names without a schema mean the new tables. */
export interface Rebuilding {
  /** After each `write`, in its transaction. */
  afterWrite(manager: EntityManager): Promise<void>;
  /** Before the lock; reads only. */
  beforeSwitch(manager: EntityManager): Promise<void>;
  /** Under the lock, when the new tables have all that the live ones have. Returns a line for the operator. */
  finish(manager: EntityManager): Promise<string>;
}

export interface ModelStreams {
  readonly category: StreamCategory;
  /** The type of the subjects; left out: uuid. */
  readonly subjects?: 'text';
  /** The table that has a row for each subject, and its column that grows with each event. */
  readonly table: string;
  readonly version: string;
  /** The value of that column after the event; null for an event that makes no row. */
  versionOf(event: Recorded): number | null;
}

export interface ModelTable {
  readonly name: string;
  /** SQL of a value that is unique in the table: it names a row that differs. */
  readonly key: string;
  /** The column with the stream's subject. */
  readonly subject: string;
  /** SQL of a row's group, where rows are counted by groups (a month); null: one for the table. */
  readonly group: string | null;
  /** SQL of the rows that are compared, where not all are. */
  readonly where?: string;
  /** SQL of the values that are compared, without those that depend on when or in which batches the events came. Null: no row is compared. */
  readonly compared: string | null;
  /** SQL of the rows that are there before the first event. */
  readonly start?: string;
}

/** Called with the progress, a line at a time. */
export type Report = (line: string) => void;

/** A table, or a group of its rows. */
export interface Compared {
  readonly table: string;
  readonly group: string | null;
  /** Rows of the live read model. */
  readonly live: number;
  /** Rows that the events make which the live rows have applied. */
  readonly journal: number;
  /** Rows that are not as the journal has them. */
  readonly differing: number;
}

/** A row that is not as the journal has it. */
export interface Difference {
  readonly table: string;
  readonly key: string;
  /**
   * `missing`: the live read model has no such row; `extra`: only the live one has it; `different`: it is not as the journal has it at
   * the row's version; `behind`: the journal has later events, and the row did not advance while verify waited.
   */
  readonly kind: 'missing' | 'extra' | 'behind' | 'different';
}

/** The outcome of `verify`. */
export interface Comparison {
  readonly model: string;
  /** The journal's last position when all rows had been read. */
  readonly position: number;
  /** Events that were read. */
  readonly events: number;
  readonly compared: readonly Compared[];
  /** Rows that the journal is ahead of, and that are too many to be waited for. */
  readonly uncompared: number;
  /** Examples, at most as many as were asked for; empty where all is equal. */
  readonly differences: readonly Difference[];
}

export function isEqual(comparison: Comparison): boolean {
  return comparison.uncompared === 0 && comparison.compared.every(({ differing }) => differing === 0);
}

export function tableOf(model: ReadModel, name: string): ModelTable {
  const table = model.tables.find((each) => each.name === name);
  if (!table) throw new Error(`The read model ${model.name} has no table ${name}.`);
  return table;
}

/** The stream categories whose events the topics carry. */
export function categoriesOf(topics: readonly Topic[]): readonly StreamCategory[] {
  return (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter((category) =>
    topics.some((topic) => topic === TOPIC_OF_CATEGORY[category]),
  );
}
