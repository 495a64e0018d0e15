import type { JournalId } from '@postern/contracts';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { GAP_HALTS_AFTER_MS } from '../../event-bus.js';
import { METADATA_MAX_AGE_MS, type KafkaSettings } from '../client/kafka-client.js';

/** The minimum that brokers accept by default. Other instances take over this soon after one is killed. */
export const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_MS = SESSION_TIMEOUT_MS / 6;
/** The longest time for a handler before its partitions go to others. Heartbeats continue during it. */
const REBALANCE_TIMEOUT_MS = 60_000;
/**
 * Longest wait of a fetch that finds nothing; a message is answered at once. Heartbeats and the end of a member wait behind it. With
 * 50 ms, idle services and their broker used half as much CPU again.
 */
const MAX_WAIT_MS = 250;
const MAX_BYTES_PER_PARTITION = 1_048_576;
const MAX_BYTES_PER_FETCH = 8_388_608;
const PARTITIONS_AT_ONCE = 8;

export interface ConsumerSettings {
  readonly kafka: KafkaSettings;
  /** Prefix of each topic's name, for tests that share a broker. */
  readonly topicPrefix: string;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  readonly gapHaltsAfterMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
}

export const CONSUMER_SETTINGS: Omit<ConsumerSettings, 'kafka'> = {
  topicPrefix: '',
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  gapHaltsAfterMs: GAP_HALTS_AFTER_MS,
  onFailure: () => undefined,
};

/** With the journal's id: a database at the wrong broker must not take partitions from its consumers. */
export function consumerGroup(topicPrefix: string, consumer: string, journal: JournalId): string {
  return `${topicPrefix}postern.${consumer}.${journal}`;
}

export interface GroupMemberOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly onJoined: (partitions: Readonly<Record<string, readonly number[]>>) => void;
  readonly onBatch: (payload: EachBatchPayload) => Promise<void>;
}

export class GroupMember {
  readonly consumer: Consumer;
  readonly #end = Promise.withResolvers<void>();
  #leaving: Promise<void> | undefined;

  constructor(private readonly options: GroupMemberOptions) {
    this.consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES_PER_FETCH,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      // The owner creates a new member instead. If this one could not leave, its group waits for its session time-out.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    });
    // `run` throws it; it may not have been called yet.
    this.#end.promise.catch(() => undefined);
  }

  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** Joins the group. Resolves when it has left. @throws why kafkajs gave it up. */
  async run(topics: string[]): Promise<void> {
    const { consumer } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.options.onJoined(payload.memberAssignment as Record<string, number[]>),
    );
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#end.reject(payload.error));
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      // The offsets are in the database.
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
    await this.#end.promise;
  }

  /** Leaves the group after the current batches, so that others take over at once. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    await this.consumer.disconnect().catch(() => undefined);
    this.#end.resolve();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    // Also while a handler runs. The next fetch notices a rebalance.
    const beat = () => void payload.heartbeat().catch(() => undefined);
    const beating = setInterval(beat, HEARTBEAT_MS);
    try {
      await this.options.onBatch(payload);
    } finally {
      clearInterval(beating);
    }
  }
}
