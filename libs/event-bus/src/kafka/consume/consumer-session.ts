import type { Topic } from '@postern/contracts';
import { CheckpointMoved, moveBookmark, type Bookmark } from '@postern/event-store';
import kafkajs, { type Cluster, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import type { EntityManager } from 'typeorm';
import { deliverBatch } from '../../deliver-batch.js';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import { METADATA_MAX_AGE_MS } from '../client/kafka-client.js';
import { AssignedPartitions } from './assigned-partitions.js';
import type { SessionEvents, SessionSettings } from './consumer-settings.js';
import { consumerGroup, GroupOffsets, leaveFor } from './group.js';
import type { Partition, Slice } from './partition.js';
import { TopicOffsets } from './topic-offsets.js';

const MAX_BATCH = 500;
/** A broker answers a fetch that finds nothing after this, and what comes meanwhile at once; heartbeats wait behind it. */
const MAX_WAIT_MS = 50;
const MAX_BYTES_PER_PARTITION = 1_048_576;
const MAX_BYTES_PER_FETCH = 8_388_608;
const HEARTBEATS_PER_SESSION = 6;
/** A handler may take so long before its partitions go to others; its heartbeats go on meanwhile. */
const REBALANCE_TIMEOUT_MS = 60_000;
/** Partitions that are handled side by side; each in order. */
const PARTITIONS_AT_ONCE = 8;
const LOOK_EVERY_MS = 200;

/** A member of the consumer's group, for as long as kafkajs keeps it up. */
export class ConsumerSession {
  readonly #topicOffsets: TopicOffsets;
  readonly #consumer: Consumer;
  readonly #groupOffsets: GroupOffsets;
  readonly #assigned: AssignedPartitions;
  readonly #ended: Promise<void>;
  readonly #groupId: string;
  #cluster: Cluster | undefined;
  #memberId: string | null = null;
  #end: (error?: Error) => void = () => undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly settings: SessionSettings,
    private readonly events: SessionEvents,
  ) {
    const { topicPrefix, sessionTimeoutMs, journal } = settings;
    const groupId = (this.#groupId = consumerGroup(topicPrefix, subscription.consumer, journal));
    this.#topicOffsets = new TopicOffsets(kafka, subscription.topics, topicPrefix);
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES_PER_FETCH,
      allowAutoTopicCreation: false,
      // Partitions that were added are noticed after this.
      metadataMaxAge: METADATA_MAX_AGE_MS,
      partitionAssigners: [
        (config) => {
          this.#cluster = config.cluster;
          return kafkajs.PartitionAssigners.roundRobin(config);
        },
      ],
      // Whoever runs the session makes another one.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    });
    this.#groupOffsets = new GroupOffsets(this.#consumer);
    this.#assigned = new AssignedPartitions(this.#consumer, this.#topicOffsets, subscription, settings, events);
    this.#ended = new Promise((done, fail) => (this.#end = (error) => (error ? fail(error) : done())));
    // Whoever runs the session sees it; nobody may be there yet.
    this.#ended.catch(() => undefined);
  }

  /** Its name in the group; null until it has joined. */
  get memberId(): string | null {
    return this.#memberId;
  }

  get caughtUp(): boolean {
    return this.#assigned.caughtUp;
  }

  get lastError(): Error | null {
    return this.#assigned.lastError;
  }

  halted(topic: Topic): number {
    return this.#assigned.halted(topic);
  }

  lag(): Promise<SubscriptionLag> {
    return this.#assigned.lag();
  }

  /** Runs until it is stopped; throws why kafkajs gave it up. In place of the `former` member, if there was one. */
  async run(former: string | null): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#memberId = payload.memberId;
      this.events.joined();
      this.#assigned.assign(payload.memberAssignment as Record<string, number[]>);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#end(payload.error));
    await this.#topicOffsets.open();
    await consumer.connect();
    if (former !== null && this.#cluster) await leaveFor(former, this.#groupId, this.#cluster);
    const topics = this.subscription.topics.map((topic) => this.settings.topicPrefix + topic);
    await consumer.subscribe({ topics, fromBeginning: true });
    const look = setInterval(() => void this.#assigned.look(), LOOK_EVERY_MS);
    try {
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#eachBatch(payload),
      });
      await this.#ended;
    } finally {
      clearInterval(look);
    }
  }

  /** Leaves the group once the batches that are being handled are done, so that others go on at once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#assigned.close();
    this.#groupOffsets.close();
    await this.#groupOffsets.commit();
    await this.#consumer.disconnect().catch(() => undefined);
    await this.#topicOffsets.close();
    this.#end();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isRunning, isStale } = payload;
    const { sessionTimeoutMs, topicPrefix } = this.settings;
    const started = performance.now();
    // Also while a handler runs. Where the group is rebalancing, the next fetch finds out.
    const beat = () => void heartbeat().catch(() => undefined);
    const beating = setInterval(beat, sessionTimeoutMs / HEARTBEATS_PER_SESSION);
    const topic = batch.topic.slice(topicPrefix.length) as Topic;
    const goesOn = () => this.#stopping === undefined && isRunning() && !isStale();
    try {
      const full = await this.#handle(topic, payload, goesOn);
      const rest = (this.subscription.spacingMs ?? 0) - (performance.now() - started);
      if (!full && goesOn() && rest > 0) await new Promise((done) => setTimeout(done, rest));
    } finally {
      clearInterval(beating);
    }
  }

  /** True where there was more than one slice: a backlog, which is not spared. */
  async #handle(topic: Topic, { batch, resolveOffset }: EachBatchPayload, goesOn: () => boolean): Promise<boolean> {
    const partition = await this.#assigned.find({ topic, partition: batch.partition });
    const [first] = batch.messages;
    if (!partition || !first || !goesOn()) return false;
    partition.high = Number(batch.highWatermark);
    const most = this.subscription.maxBatch ?? MAX_BATCH;
    let slices = 0;
    try {
      const what = partition.judge(first);
      if (what !== 'read') {
        await this.#assigned.lookAgain(partition, what);
        return false;
      }
      partition.waitsSince = Number(first.timestamp);
      while (goesOn() && this.#assigned.holds(partition)) {
        const slice = partition.slice(batch.messages, most);
        if (slice.end === null && slice.halt === null) break;
        slices += 1;
        if ((await this.#deliver(partition, slice)) === 'moved') {
          await this.#assigned.reload();
          return false;
        }
        if (slice.end !== null) {
          partition.next = slice.end.offset;
          resolveOffset(String(slice.end.offset - 1));
          this.#groupOffsets.handled(batch.topic, batch.partition, partition.next);
        }
        if (slice.halt) throw slice.halt;
        this.#assigned.succeeded(partition);
      }
      partition.waitsSince = null;
    } catch (error) {
      this.#assigned.failed(partition, error);
    }
    return slices > 1;
  }

  /** Hands the slice's events to the handler, with what becomes a dead letter in the same transaction. Throws what the handler throws. */
  async #deliver({ source }: Partition, slice: Slice): Promise<'handled' | 'moved'> {
    const { events, unreadable } = slice;
    const { consumer, checkpoints } = this.subscription;
    const move = async (manager: EntityManager, count: number) => {
      const to = endOf(slice, count);
      await moveBookmark(manager, checkpoints.table, { consumer, source, to });
      for (const message of unreadable)
        if (message.offset < to.offset) await this.subscription.park?.(manager, message);
    };
    if (events.length > 0) return deliverBatch(this.subscription, { events, move });
    if (slice.end === null) return 'handled';
    try {
      await checkpoints.dataSource.transaction((manager) => move(manager, 0));
      return 'handled';
    } catch (error) {
      if (error instanceof CheckpointMoved) return 'moved';
      throw error;
    }
  }
}

/** Behind the first `count` events of the slice; behind all of them also what else it holds. */
function endOf({ events, offsets, end }: Slice, count: number): Bookmark {
  const [last, offset] = [events[count - 1], offsets[count - 1]];
  if (count < events.length && last && offset !== undefined) return { offset: offset + 1, eventId: last.eventId };
  if (end === null) throw new Error('A slice without messages has no end.');
  return end;
}
