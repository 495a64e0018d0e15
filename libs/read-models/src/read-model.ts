import type { Recorded, StreamCategory, Topic } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

export interface ReadModel {
  readonly name: string;
  readonly schema: string;
  readonly consumer: string;
  readonly topics: readonly Topic[];
  /** In the consumer's locking order, so that a rebuild that locks all of them cannot deadlock with it. */
  readonly tables: readonly ModelTable[];
  /** Their subjects are in every compared row. */
  readonly streams: ModelStreams;
  /** Events of these categories create rows of `table` without a subject. */
  readonly others?: { readonly categories: readonly StreamCategory[]; readonly table: string };
  /** `stream`: a row is written once for all events of its stream. `feed`: in the order of events, for tables with a row per event. */
  readonly fill: 'stream' | 'feed';
  /** SQL of rows that contradict other live rows, as `"table", key`. */
  readonly contradictions?: string;
  /** The consumer's own function. Its SQL writes where `search_path` says. Events may be repeated. */
  write(manager: EntityManager, events: readonly Recorded[]): Promise<void>;
  rebuilding?(): Rebuilding;
}

/** In its SQL, names without a schema mean the new tables. */
export interface Rebuilding {
  /** After each `write`, in its transaction. */
  afterWrite(manager: EntityManager): Promise<void>;
  /** Before the lock; only reads. */
  beforeSwitch(manager: EntityManager): Promise<void>;
  /** Under the lock, when the new tables are complete. Returns a line for the operator. */
  finish(manager: EntityManager): Promise<string>;
}

export interface ModelStreams {
  readonly category: StreamCategory;
  /** Has a row per subject; `version` is its column that grows with each event. */
  readonly table: string;
  readonly version: string;
  /** Null if the event creates no row. */
  versionOf(event: Recorded): number | null;
}

export interface ModelTable {
  readonly name: string;
  /** SQL of a unique value that names a row. */
  readonly key: string;
  /** The column with the stream's subject. */
  readonly subject: string;
  /** SQL of a group (a month), for counting; null: one group. */
  readonly group: string | null;
  /** SQL of the compared rows, if not all are. */
  readonly where?: string;
  /** SQL of the compared values, without those that depend on time or batches. Null: no row is compared. */
  readonly compared: string | null;
  /** SQL of the rows that exist before the first event. */
  readonly start?: string;
}

export type Report = (line: string) => void;

export interface Compared {
  readonly table: string;
  readonly group: string | null;
  readonly live: number;
  /** At the live rows' versions. */
  readonly journal: number;
  readonly differing: number;
}

export interface Difference {
  readonly table: string;
  readonly key: string;
  /** `different`: from the journal at the row's version. `behind`: the journal has later events, and the row did not advance during verify. */
  readonly kind: 'missing' | 'extra' | 'behind' | 'different';
}

export interface Comparison {
  readonly model: string;
  /** The journal's last position when all rows were read. */
  readonly position: number;
  readonly events: number;
  readonly compared: readonly Compared[];
  /** Rows behind the journal that were too many to wait for. */
  readonly uncompared: number;
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
