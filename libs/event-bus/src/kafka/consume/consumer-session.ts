import type { JournalId, Topic } from '@postern/contracts';
import kafkajs, { type Cluster, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import { Assignment } from './assignment.js';
import { deliverSlice } from './deliver-slice.js';
import { leaveFor } from './former-member.js';
import { GroupOffsets } from './group-offsets.js';
import { Standing } from './standing.js';
import type { SessionEvents, SessionSettings } from './consumer-settings.js';

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

/** The journal stands in it: a database that was given another's broker must not take partitions from that one's consumers. */
export function consumerGroup(topicPrefix: string, consumer: string, journal: JournalId): string {
  return `${topicPrefix}postern.${consumer}.${journal}`;
}

/** A member of the consumer's group, for as long as kafkajs keeps it up. */
export class ConsumerSession {
  readonly #standing: Standing;
  readonly #consumer: Consumer;
  readonly #offsets: GroupOffsets;
  readonly #assignment: Assignment;
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
    this.#standing = new Standing(kafka, groupId, subscription, settings);
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES_PER_FETCH,
      allowAutoTopicCreation: false,
      partitionAssigners: [
        (config) => {
          this.#cluster = config.cluster;
          return kafkajs.PartitionAssigners.roundRobin(config);
        },
      ],
      // Whoever runs the session makes another one.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    });
    this.#offsets = new GroupOffsets(this.#consumer);
    this.#assignment = new Assignment(this.#consumer, this.#standing, subscription, settings, events);
    this.#ended = new Promise((done, fail) => (this.#end = (error) => (error ? fail(error) : done())));
    // Whoever runs the session sees it; nobody may be there yet.
    this.#ended.catch(() => undefined);
  }

  /** Its name in the group; null until it has joined. */
  get memberId(): string | null {
    return this.#memberId;
  }

  get caughtUp(): boolean {
    return this.#assignment.caughtUp;
  }

  get lastError(): Error | null {
    return this.#assignment.lastError;
  }

  haltedPartitions(topic: Topic): number {
    return this.#assignment.haltedPartitions(topic);
  }

  lag(): Promise<SubscriptionLag> {
    return this.#assignment.lag();
  }

  /** Runs until it is stopped; throws why kafkajs gave it up. In the place of the `former` member, if there was one. */
  async run(former: string | null): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#memberId = payload.memberId;
      this.events.joined();
      this.#assignment.assign(payload.memberAssignment as Record<string, number[]>);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#end(payload.error));
    await this.#standing.open();
    await consumer.connect();
    if (former !== null && this.#cluster) await leaveFor(former, this.#groupId, this.#cluster);
    const topics = this.subscription.topics.map((topic) => this.settings.topicPrefix + topic);
    await consumer.subscribe({ topics, fromBeginning: true });
    const look = setInterval(() => void this.#assignment.look(), LOOK_EVERY_MS);
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
    this.#assignment.close();
    this.#offsets.close();
    await this.#offsets.tell();
    await this.#consumer.disconnect().catch(() => undefined);
    await this.#standing.close();
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
    const partition = await this.#assignment.find(topic, batch.partition);
    const [first] = batch.messages;
    if (!partition || !first || !goesOn()) return false;
    partition.high = Number(batch.highWatermark);
    const most = this.subscription.maxBatch ?? MAX_BATCH;
    let slices = 0;
    try {
      const what = partition.judge(first);
      if (what !== 'read') {
        await this.#assignment.lookAgain(partition, what);
        return false;
      }
      partition.waitsSince = Number(first.timestamp);
      while (goesOn() && this.#assignment.holds(partition)) {
        const slice = partition.slice(batch.messages, most);
        if (slice.last === null && slice.halt === null) break;
        slices += 1;
        const delivered = await deliverSlice(this.subscription, partition, slice, this.settings.partitions);
        if (delivered === 'cut') continue;
        if (delivered === 'moved') {
          await this.#assignment.reload();
          return false;
        }
        if (slice.last !== null) {
          partition.next = slice.last + 1;
          resolveOffset(String(slice.last));
          this.#offsets.handled(batch.topic, batch.partition, partition.next);
        }
        if (slice.halt) throw slice.halt;
        this.#assignment.succeeded(partition);
      }
      partition.waitsSince = null;
    } catch (error) {
      this.#assignment.handledInVain(partition, error);
    }
    return slices > 1;
  }
}
