import type { Recorded, Topic, JournalId } from '@postern/contracts';
import type { FeedLag, FeedPosition } from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';

export const EVENT_BUS = Symbol('event bus');

/** Delivers the journal's events to consumers: in order per stream, each at least once, none skipped. */
export interface EventBus {
  /** Starts a consumer at its stored checkpoint, or at the beginning of the topics. */
  subscribe(subscription: Subscription): Promise<RunningSubscription>;
  /** Writes a topic that comes from a table. Absent if nobody outside reads the bus. The caller closes it. */
  writer?(topic: string): TopicWriter;
  stop(): Promise<void>;
}

export interface Subscription {
  /** Names the checkpoint. Instances with the same name share the work. */
  readonly consumer: string;
  readonly topics: readonly Topic[];
  /** A table created with `checkpointTableSql`, in the database of the handler's effects. */
  readonly checkpoints: { readonly dataSource: DataSource; readonly table: string };
  readonly maxBatch?: number;
  /** Minimum time between two batches, 0 by default: under steady load, batches become larger, not more frequent. */
  readonly spacingMs?: number;
  /** Calls `batch.advance` once, in the transaction of its effects. If it throws, the same events are repeated after a pause, for ever; later ones wait. */
  handle(batch: EventBatch): Promise<void>;
  /** Nothing is left to handle: once after the start and each reload of the checkpoint. It may fail like `handle`. */
  onCaughtUp?(checkpoint: { readonly source: string; readonly at: FeedPosition }): Promise<void>;
  /** Stores an unreadable message in the transaction that moves the checkpoint over it. Without it, the partition halts. The feed has no such messages. */
  deadLetter?(manager: EntityManager, message: UnreadableMessage): Promise<void>;
}

export interface UnreadableMessage {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly reason: string;
}

export interface EventBatch {
  readonly events: readonly Recorded[];
  /** Moves the checkpoint over the batch. Let `CheckpointMoved` pass: another instance has handled the batch. */
  advance(manager: EntityManager): Promise<void>;
}

export interface RunningSubscription {
  stop(): Promise<void>;
  status(): SubscriptionStatus;
  /** Events of its topics that it has not handled. @throws if that cannot be queried. */
  lag(): Promise<FeedLag>;
}

export interface SubscriptionStatus {
  readonly caughtUp: boolean;
  readonly hasCaughtUp: boolean;
  readonly lastError: Error | null;
  readonly failures: number;
  readonly halted: HaltedPartitions;
}

export class CheckpointNotAdvanced extends Error {
  override readonly name = 'CheckpointNotAdvanced';
  constructor(consumer: string) {
    super(
      `The handler of ${consumer} returned without calling batch.advance(manager). Call it once, inside the transaction of its effects.`,
    );
  }
}

/** Per topic, the partitions that stop until somebody acts. An unavailable broker or database does not count. */
export type HaltedPartitions = ReadonlyMap<Topic, number>;

/** After this many failures in a row, or a gap in a stream for `GAP_HALTS_AFTER_MS`, it counts as halted. Attempts continue. */
export const HALTED_AFTER_ATTEMPTS = 5;

export const GAP_HALTS_AFTER_MS = 30_000;

/**
 * Why a consumer is not ready. Null: it is ready, because it has caught up once and does not fail. It stays ready when it has new work: otherwise
 * a burst of changes would take every read process out of service.
 */
export function consumerReadiness(subscription: Pick<RunningSubscription, 'status'>): () => string | null {
  return () => {
    const { hasCaughtUp, lastError } = subscription.status();
    if (lastError) return `does not get on: ${lastError.message}`;
    return hasCaughtUp ? null : 'is catching up with the journal';
  };
}

/** A message of a topic that comes from a table, not from the journal. */
export interface TopicMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicWriter {
  /**
   * Takes over the topic, creating it if it is missing: the broker then refuses an earlier writer.
   * @throws `WriteRefused`, also if the topic is another journal's (whose writer continues), or a temporary error.
   */
  open(journal: JournalId): Promise<'empty' | 'filled'>;
  /** Resolves when all are durable, in order per key. If it throws, none is visible: close, and open again. */
  write(messages: readonly TopicMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** A retry cannot help: a refused login, a topic of another database, a message that is too large. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
}
