import { TOPIC_OF_CATEGORY, type Recorded, type StreamCategory, type Topic } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** A read model in tables of its own, and made of events alone: it can be filled again next to the live one. */
export interface ReadModel {
  /** As an operator names it. */
  readonly name: string;
  readonly schema: string;
  /** The consumer that keeps the live one, in `<schema>.checkpoints`. */
  readonly consumer: string;
  readonly topics: readonly Topic[];
  /** In the order in which the consumer comes to them, so that who locks them all waits for it and not it for them. */
  readonly tables: readonly ModelTable[];
  /** Events that are applied at once. */
  readonly batch: number;
  /**
   * Applies events as the live consumer does, in the caller's transaction; the manager's SQL goes to the tables that are to be
   * written, whatever schema it names. Makes the function for each filling: it may remember what it has learned.
   */
  writer(live: EntityManager): Promise<(manager: EntityManager, events: readonly Recorded[]) => Promise<void>>;
}

/** What of a table must be the same for the same events. */
export interface ModelTable {
  readonly name: string;
  /** SQL of a row's name, unique in the table: what is reported where rows differ. */
  readonly key: string;
  /** SQL of a value that grows with each event that changes the row: rows are compared where it is the same. Null: a row never changes. */
  readonly version: string | null;
  /** SQL of a row's group, where rows are counted by groups (a month); null: one for the table. */
  readonly group: string | null;
  /** SQL of the rows that are compared, where not all are: a condition that means the same for both, such as of the live schema alone. */
  readonly where?: string;
  /** SQL of the values that are compared. Those that depend on when or in which batches the events came are left out. */
  readonly compared: string;
}

/** Where the databases are that this works on. */
export interface ModelDatabases {
  /** The owner's connection URL. */
  readonly url: string;
}

/** A table, or a group of its rows, in the live read model and as the journal has it. */
export interface Compared {
  readonly table: string;
  readonly group: string | null;
  /** Rows. Under load the journal may be ahead of the live read model. */
  readonly live: number;
  readonly journal: number;
  /** Rows that are not as the journal has them. */
  readonly differing: number;
}

/** A row that is not in the live read model as the journal has it. */
export interface Difference {
  readonly table: string;
  readonly key: string;
  /**
   * `missing`: the live one has no such row; `extra`: only the live one has it; `behind`: it is at another version, and did not move while
   * it was looked at; `different`: it is not as the journal has it at this version.
   */
  readonly kind: 'missing' | 'extra' | 'behind' | 'different';
}

/** The outcome of a comparison: each row with the journal's state at the row's own version. */
export interface Comparison {
  readonly model: string;
  /** Of the journal, up to which it was read. */
  readonly position: number;
  /** Events that were replayed. */
  readonly events: number;
  readonly compared: readonly Compared[];
  /** Examples, so many at most as were asked for; empty where all is equal. */
  readonly differences: readonly Difference[];
}

/** What can be verified and rebuilt. `tell` is called with the progress, a line at a time. */
export interface Rebuildable {
  readonly name: string;
  verify(databases: ModelDatabases, examples: number, tell: (line: string) => void): Promise<Comparison>;
  /** The comparison is that of the live one that was replaced. */
  rebuild(databases: ModelDatabases, options: RebuildOptions, tell: (line: string) => void): Promise<Comparison>;
}

export interface RebuildOptions {
  readonly examples: number;
  /** Go on with what a rebuild that was ended before had made, if there is any; else begin again. */
  readonly resume: boolean;
}

export function isEqual(comparison: Comparison): boolean {
  return comparison.compared.every(({ differing }) => differing === 0);
}

/** The stream categories whose events the topics carry. */
export function categoriesOf(topics: readonly Topic[]): readonly StreamCategory[] {
  return (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter((category) =>
    topics.some((topic) => topic === TOPIC_OF_CATEGORY[category]),
  );
}
