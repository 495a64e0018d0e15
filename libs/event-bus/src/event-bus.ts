import type { Recorded, Topic, JournalId } from '@postern/contracts';
import type { FeedPosition } from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';

/** The token under which a process injects its bus. */
export const EVENT_BUS = Symbol('event bus');

/** Brings the journal's events to consumers: in order per stream, each at least once, none ever skipped. */
export interface EventBus {
  /** Starts a consumer at its stored checkpoint, or at the beginning of the topics. */
  subscribe(subscription: Subscription): Promise<RunningSubscription>;
  /**
   * For one topic that is written from a table and not from the journal; not there where nobody outside reads the bus.
   * Who asked for it closes it.
   */
  writer?(topic: string): TopicWriter;
  /** Stops every subscription, each after the batch that it is handling. */
  stop(): Promise<void>;
}

export interface Subscription {
  /** Names the consumer's checkpoint; instances that share the name share the work. */
  readonly consumer: string;
  readonly topics: readonly Topic[];
  /** Where the checkpoints are stored: a table made by `checkpointTableSql`, in the database that holds the handler's effects. */
  readonly checkpoints: { readonly dataSource: DataSource; readonly table: string };
  /** The most events in a batch; 500 by default. */
  readonly maxBatch?: number;
  /**
   * The least milliseconds from the start of one batch to that of the next, 0 by default: under a steady stream of
   * changes a consumer then handles more events a batch instead of more batches. The first after a pause is not delayed.
   */
  readonly spacingMs?: number;
  /**
   * Applies a batch in one transaction and calls `batch.advance` in it, exactly once: so a batch that comes again
   * has no second effect. Where it throws, the same events come again after a pause, for ever; nothing overtakes them.
   */
  handle(batch: EventBatch): Promise<void>;
  /**
   * Called when there is nothing more to handle for the first time since the start, or since the checkpoint was read again
   * (another instance moved it, or somebody emptied it), with the checkpoint. Where it throws, that is a failed attempt like any other.
   */
  onCaughtUp?(checkpoint: { readonly source: string; readonly at: FeedPosition }): Promise<void>;
  /**
   * For topics on which going on matters more than a single message: writes down a message that cannot be read, in the
   * transaction that moves the checkpoint over it, so that it happens once. Without it the partition halts there and says so.
   * The journal's own feed has no such messages.
   */
  park?(manager: EntityManager, message: UnreadableMessage): Promise<void>;
}

/** A message of a topic that is none of Postern's, or a broken one. */
export interface UnreadableMessage {
  /** As Postern calls it. */
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** As they were received. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** A sentence. */
  readonly reason: string;
}

export interface EventBatch {
  /** Never empty. */
  readonly events: readonly Recorded[];
  /** Moves the checkpoint over the batch. Throws `CheckpointMoved` (let it pass) where another instance has handled it. */
  advance(manager: EntityManager): Promise<void>;
}

export interface RunningSubscription {
  /** Resolves when the batch that is being handled is done, or after a bounded wait. */
  stop(): Promise<void>;
  status(): SubscriptionStatus;
  /** How far it is behind, looked up now. Throws where that can't be asked. */
  lag(): Promise<SubscriptionLag>;
}

export interface SubscriptionLag {
  /** Events of its topics that it has not handled; counting may end at some bound. */
  readonly events: number;
  /** Age of the oldest of them; 0 where there is none. */
  readonly seconds: number;
}

export interface SubscriptionStatus {
  /** At the last look there was nothing that it had not handled. */
  readonly caughtUp: boolean;
  /** There was such a look since the start, whoever asked or did not. */
  readonly hasCaughtUp: boolean;
  /** Why the current batch, or the reading of it, failed last; null once it went through. */
  readonly lastError: Error | null;
  /** Failures since the start. */
  readonly failures: number;
  /** Each of its topics, from the start on. */
  readonly halted: HaltedPartitions;
}

/** A handler returned without having called `advance`: its effects would be repeated without end. A fault of the handler. */
export class CheckpointNotAdvanced extends Error {
  override readonly name = 'CheckpointNotAdvanced';
  constructor(consumer: string) {
    super(
      `The handler of ${consumer} returned without calling batch.advance(manager). Call it once, inside the transaction of its effects.`,
    );
  }
}

/** A handler called `advance` a second time for the same batch. A fault of the handler. */
export class CheckpointAdvancedTwice extends Error {
  override readonly name = 'CheckpointAdvancedTwice';
  constructor(consumer: string) {
    super(`The handler of ${consumer} called batch.advance(manager) twice for one batch. Call it once.`);
  }
}

/**
 * Of each topic of a consumer the partitions in which it goes no further until somebody acts. The journal's own feed has none: there each
 * topic counts as one. What passes by itself, a broker or a database that is away, does not count.
 */
export type HaltedPartitions = ReadonlyMap<Topic, number>;

/** What could not be handled so often in a row counts as halted. It is tried again all the same. */
export const HALTED_AFTER_ATTEMPTS = 5;

/** A gap in a stream that lasts for so long counts as halted: the missing events are hardly on their way any more. It is waited for all the same. */
export const GAP_HALTS_AFTER_MS = 30_000;

/**
 * What keeps a consumer from being ready, in a few words; null when nothing does. It is ready once it has caught up for the
 * first time, and for as long as it does not fail. One that merely has work to do again is: else a burst of changes, or a
 * flood of denials, would take every process of the read side out of service.
 */
export function consumerReadiness(subscription: Pick<RunningSubscription, 'status'>): () => string | null {
  return () => {
    const { hasCaughtUp, lastError } = subscription.status();
    if (lastError) return `does not get on: ${lastError.message}`;
    return hasCaughtUp ? null : 'is catching up with the journal';
  };
}

/** A message of a topic that is written from a table, and not from the journal. */
export interface TopicMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes one topic, as the only one who does. */
export interface TopicWriter {
  /**
   * Takes the topic over, which is made where it is missing: what a former writer still sends is refused from here on. Says whether it
   * holds nothing, as after it was deleted. Throws `WriteRefused`, also where it holds what was made of another journal, whose
   * writer it then leaves alone; or an error that may pass.
   */
  open(journal: JournalId): Promise<'empty' | 'filled'>;
  /** Resolves when all are durable, in this order per key. Where it throws, readers of what is committed see none: close it, and open it again. */
  write(messages: readonly TopicMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** No repeat helps: a login that is refused, a topic with the wrong settings or of another database, a message that is too large. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
}
