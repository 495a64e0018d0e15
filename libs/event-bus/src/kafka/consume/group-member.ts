import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalId } from '@postern/contracts';
import kafkajs, { type Broker, type Cluster, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import { GAP_HALTS_AFTER_MS } from '../../event-bus.js';
import { METADATA_MAX_AGE_MS, type KafkaSettings } from '../client/kafka-client.js';

/** The minimum that brokers accept by default. Other instances take over this soon after one is killed. */
export const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEATS_PER_SESSION = 6;
/** The longest time for a handler before its partitions go to others. Heartbeats continue during it. */
const REBALANCE_TIMEOUT_MS = 60_000;
/**
 * Longest wait of a fetch that finds nothing; a message is answered at once. Heartbeats, commits and the end of a member wait behind it. With
 * 50 ms, idle services and their broker used half as much CPU again.
 */
const MAX_WAIT_MS = 250;
const MAX_BYTES_PER_PARTITION = 1_048_576;
const MAX_BYTES_PER_FETCH = 8_388_608;
const PARTITIONS_AT_ONCE = 8;
/** A broker that has just started reads its groups first. */
const LEAVE_WITHIN_MS = 3_000;
const TRY_AGAIN_MS = 100;

export interface ConsumerSettings {
  readonly kafka: KafkaSettings;
  /** Prefix of each topic's name, for tests that share a broker. */
  readonly topicPrefix: string;
  readonly sessionTimeoutMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  readonly gapHaltsAfterMs: number;
  readonly stopWithinMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
}

export const CONSUMER_SETTINGS: Omit<ConsumerSettings, 'kafka'> = {
  topicPrefix: '',
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  gapHaltsAfterMs: GAP_HALTS_AFTER_MS,
  stopWithinMs: 10_000,
  onFailure: () => undefined,
};

/** With the journal's id: a database at the wrong broker must not take partitions from its consumers. */
export function consumerGroup(topicPrefix: string, consumer: string, journal: JournalId): string {
  return `${topicPrefix}postern.${consumer}.${journal}`;
}

export interface GroupMemberOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  readonly onJoined: (partitions: Readonly<Record<string, readonly number[]>>) => void;
  readonly onBatch: (payload: EachBatchPayload) => Promise<void>;
}

export class GroupMember {
  readonly consumer: Consumer;
  id: string | null = null;
  readonly #ended: Promise<void>;
  #cluster: Cluster | undefined;
  #end: (error?: Error) => void = () => undefined;
  #leaving: Promise<void> | undefined;

  constructor(private readonly options: GroupMemberOptions) {
    const { kafka, groupId, sessionTimeoutMs } = options;
    this.consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES_PER_FETCH,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      partitionAssigners: [
        (config) => {
          this.#cluster = config.cluster;
          return kafkajs.PartitionAssigners.roundRobin(config);
        },
      ],
      // The owner creates a new member instead.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    });
    this.#ended = new Promise((done, fail) => (this.#end = (error) => (error ? fail(error) : done())));
    // `run` throws it; it may not have been called yet.
    this.#ended.catch(() => undefined);
  }

  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** Joins, instead of the `former` member. Resolves when it has left. @throws why kafkajs gave it up. */
  async run(topics: string[], former: string | null): Promise<void> {
    const { consumer } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.id = payload.memberId;
      this.options.onJoined(payload.memberAssignment as Record<string, number[]>);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#end(payload.error));
    await consumer.connect();
    if (former !== null && this.#cluster) await leaveFor(former, this.options.groupId, this.#cluster);
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      // The offsets are in the database.
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
    await this.#ended;
  }

  /** Leaves the group after the current batches, so that others take over at once. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    await this.consumer.disconnect().catch(() => undefined);
    this.#end();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    // Also while a handler runs. The next fetch notices a rebalance.
    const beat = () => void payload.heartbeat().catch(() => undefined);
    const beating = setInterval(beat, this.options.sessionTimeoutMs / HEARTBEATS_PER_SESSION);
    try {
      await this.options.onBatch(payload);
    } finally {
      clearInterval(beating);
    }
  }
}

type Coordinator = Broker & { leaveGroup(member: { groupId: string; memberId: string }): Promise<unknown> };

/** Leaves for a member whose broker went away. Otherwise the others would wait for its session time-out. */
async function leaveFor(memberId: string, groupId: string, cluster: Cluster): Promise<void> {
  for (const late = performance.now() + LEAVE_WITHIN_MS; performance.now() < late; await sleep(TRY_AGAIN_MS)) {
    try {
      const coordinator = (await cluster.findGroupCoordinator({ groupId })) as Coordinator;
      await coordinator.leaveGroup({ groupId, memberId });
      return;
    } catch (error) {
      // The member may have left properly, or the group has removed it.
      if ((error as { retriable?: boolean }).retriable !== true) return;
    }
  }
}
