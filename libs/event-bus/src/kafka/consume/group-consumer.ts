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

/** A member of the group, once it runs. */
export function newGroupConsumer(kafka: Kafka, groupId: string): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    maxBytes: MAX_BYTES_PER_FETCH,
    allowAutoTopicCreation: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    // Its owner replaces it. If it could not leave, the group waits for its session time-out.
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
  });
}

export async function runGroupConsumer(
  consumer: Consumer,
  onBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  await consumer.run({
    // The offsets are in the database.
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
    eachBatch: async (payload) => {
      // Also while a handler runs. The next fetch notices a rebalance.
      const beat = () => void payload.heartbeat().catch(() => undefined);
      const beating = setInterval(beat, HEARTBEAT_MS);
      try {
        await onBatch(payload);
      } finally {
        clearInterval(beating);
      }
    },
  });
}
