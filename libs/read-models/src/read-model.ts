import type { Recorded, Topic } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** A read model that stands in tables of its own, and is made of events alone: it can be made anew beside the live one. */
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
   * written, whatever schema it names. Makes the function anew for each filling: it may remember what it has learned.
   */
  writer(live: EntityManager): Promise<(manager: EntityManager, events: readonly Recorded[]) => Promise<void>>;
}

/** What of a table must be the same for the same events. */
export interface ModelTable {
  readonly name: string;
  /** SQL of a row's name, unique in the table: what is told where rows differ. */
  readonly key: string;
  /** SQL of a row's group, where counts and digests are told by groups (a month); null: one for the table. */
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
  /** Of each topic, where Kafka is between the services. */
  readonly partitions: number;
}

/** A table, or a group of its rows, in the live read model and as the journal has it. */
export interface Compared {
  readonly table: string;
  readonly group: string | null;
  readonly live: RowsDigest;
  readonly journal: RowsDigest;
}

export interface RowsDigest {
  readonly rows: number;
  /** 16 hex digits, whatever the rows' order. */
  readonly digest: string;
}

/** A row that is not in the live read model as the journal has it. */
export interface Difference {
  readonly table: string;
  readonly key: string;
  /** `missing`: the live one has no such row; `extra`: only the live one has it. */
  readonly kind: 'missing' | 'extra' | 'different';
}

/** The outcome of a comparison at one place of the feed: the one up to which the live consumer had come. */
export interface Comparison {
  readonly model: string;
  /** Of the journal, up to which both were brought. */
  readonly position: number;
  /** Events that were replayed. */
  readonly events: number;
  readonly compared: readonly Compared[];
  /** Examples, so many at most as were asked for; empty where all is equal. */
  readonly differences: readonly Difference[];
}

/** Who keeps the live read model, and where it notes how far it has come. */
export interface LiveConsumer {
  readonly name: string;
  /** The table of its checkpoints, with its schema. */
  readonly checkpoints: string;
  readonly topics: readonly Topic[];
}

/** What can be verified and rebuilt. `tell` is told the progress, a line at a time. */
export interface Rebuildable {
  readonly name: string;
  readonly consumer: LiveConsumer;
  verify(databases: ModelDatabases, examples: number, tell: (line: string) => void): Promise<Comparison>;
  /** The comparison is that of the live one that was replaced. */
  rebuild(databases: ModelDatabases, options: RebuildOptions, tell: (line: string) => void): Promise<Comparison>;
}

export interface RebuildOptions {
  readonly examples: number;
  /** Go on with what a rebuild that was ended before had made, if there is any; else begin anew. */
  readonly resume: boolean;
}

export function isEqual(comparison: Comparison): boolean {
  return (
    comparison.differences.length === 0 &&
    comparison.compared.every(({ live, journal }) => live.rows === journal.rows && live.digest === journal.digest)
  );
}
