import { Backoff, endsWithin, WakeSignal } from '@postern/async';
import { categoriesOf, type JournalId, type Topic } from '@postern/contracts';
import {
  CheckpointMoved,
  loadJournalId,
  moveBookmark,
  publisherLag,
  type Bookmark,
  type FeedLag,
} from '@postern/event-store';
import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { EntityManager } from 'typeorm';
import { deliverBatch } from '../../deliver-batch.js';
import type { RunningSubscription, Subscription, SubscriptionStatus } from '../../event-bus.js';
import { COORDINATOR_STARTS_WITHIN_MS, coordinatorStarts, kafkaError } from '../client/kafka-errors.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { AssignedPartitions } from './assigned-partitions.js';
import { consumerGroup, newGroupConsumer, runGroupConsumer, type ConsumerSettings } from './group-consumer.js';
import type { Partition, Slice } from './partition.js';

const MAX_BATCH = 500;
const LOOK_EVERY_MS = 200;
const STOP_WITHIN_MS = 10_000;

/** A member of the consumer's group, replaced when kafkajs gives it up. Bookmarks are stored with the effects. */
export class TopicConsumer implements RunningSubscription {
  readonly #signal = new WakeSignal();
  readonly #backoff: Backoff;
  readonly #partitions: AssignedPartitions;
  readonly #running: Promise<void>;
  /** Ends the membership of the group after the current batches, so that others take over at once. Undefined: there is none. */
  #leave: (() => Promise<void>) | undefined;
  /** Why there is no member of the group; null while there is one. */
  #lastError: Error | null = null;
  #failures = 0;
  /** Since when the group's coordinator is missing; null if it is not. */
  #startsSince: number | null = null;

  constructor(
    private readonly kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly settings: ConsumerSettings,
  ) {
    this.#backoff = new Backoff(settings.retryFirstMs, settings.retryLongestMs);
    this.#partitions = new AssignedPartitions(subscription, settings, (error) => this.#failed(error));
    this.#running = this.#run();
  }

  status(): SubscriptionStatus {
    const { caughtUp, hasCaughtUp } = this.#partitions;
    const lastError = this.#lastError ?? this.#partitions.lastError;
    const halted = new Map(this.subscription.topics.map((topic) => [topic, this.#partitions.halted(topic)]));
    return { caughtUp: lastError === null && caughtUp, hasCaughtUp, lastError, failures: this.#failures, halted };
  }

  /** Behind the journal, not only the topics: includes events that the publisher has not sent. */
  async lag(): Promise<FeedLag> {
    if (this.#lastError) throw this.#lastError;
    const { topics, checkpoints } = this.subscription;
    const [unread, unsent] = await Promise.all([
      this.#partitions.lag(),
      publisherLag(checkpoints.dataSource, categoriesOf(topics)),
    ]);
    return { events: unread.events + unsent.events, seconds: Math.max(unread.seconds, unsent.seconds) };
  }

  async stop(): Promise<void> {
    this.#signal.close();
    this.#partitions.release();
    await endsWithin(Promise.all([this.#leave?.(), this.#running]), STOP_WITHIN_MS);
  }

  async #run(): Promise<void> {
    const look = setInterval(() => void this.#partitions.look(), LOOK_EVERY_MS);
    const topics = EVENT_TOPICS.filter(({ topic }) => this.subscription.topics.includes(topic as Topic));
    let topicsEnsured = false;
    while (!this.#signal.closed) {
      try {
        // Only once: a topic that is missing later was deleted, and only the publisher may create it again, after it has checked what was lost.
        if (!topicsEnsured) await ensureTopics(this.settings.kafka, topics, this.settings.topicPrefix);
        topicsEnsured = true;
        const journal = await loadJournalId(this.subscription.checkpoints.dataSource);
        if (!this.#signal.closed) await this.#beMember(journal);
      } catch (error) {
        this.#lastError = this.#isExcused(error) ? this.#explain(error) : this.#failed(error);
      }
      await this.#signal.pause(this.#backoff.nextMs());
    }
    clearInterval(look);
  }

  /** Joins the group. Resolves when it has left. @throws why kafkajs gave it up. */
  async #beMember(journal: JournalId): Promise<void> {
    const { topicPrefix } = this.settings;
    const member = newGroupConsumer(this.kafka, consumerGroup(topicPrefix, this.subscription.consumer, journal));
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    ended.catch(() => undefined);
    member.on(member.events.GROUP_JOIN, ({ payload }) => {
      this.#lastError = null;
      this.#startsSince = null;
      this.#backoff.reset();
      this.#partitions.assign(member, journal, payload.memberAssignment as Record<string, number[]>);
    });
    member.on(member.events.CRASH, ({ payload }) => reject(payload.error));
    const leave = async () => {
      await member.disconnect().catch(() => undefined);
      resolve();
    };
    this.#leave = leave;
    try {
      await member.connect();
      await member.subscribe({
        topics: this.subscription.topics.map((topic) => topicPrefix + topic),
        fromBeginning: true,
      });
      await runGroupConsumer(member, (payload) => this.#handle(payload));
      await ended;
    } finally {
      this.#partitions.release();
      await leave();
      this.#leave = undefined;
    }
  }

  async #handle(payload: EachBatchPayload): Promise<void> {
    const { batch, isRunning, isStale } = payload;
    const started = performance.now();
    const topic = batch.topic.slice(this.settings.topicPrefix.length) as Topic;
    const goesOn = () => isRunning() && !isStale();
    const name = { topic, partition: batch.partition };
    const partition = this.#partitions.find(name);
    if (!partition || !goesOn()) return;
    let slices = 0;
    try {
      slices = await this.#handleSlices(
        partition,
        payload,
        () => goesOn() && this.#partitions.find(name) === partition,
      );
    } catch (error) {
      this.#partitions.failed(partition, error);
    }
    const rest = (this.subscription.spacingMs ?? 0) - (performance.now() - started);
    // More than one slice is a backlog, which is not slowed down.
    if (slices < 2 && goesOn() && rest > 0) await new Promise((done) => setTimeout(done, rest));
  }

  async #handleSlices(
    partition: Partition,
    { batch, resolveOffset }: EachBatchPayload,
    goesOn: () => boolean,
  ): Promise<number> {
    const [first] = batch.messages;
    if (!first) return 0;
    partition.high = Number(batch.highWatermark);
    const what = partition.judge(first);
    if (what === 'seek') this.#partitions.seek(partition);
    if (what === 'load') await this.#partitions.reload();
    if (what !== 'read') return 0;
    partition.waitsSince = Number(first.timestamp);
    for (let slices = 0; goesOn();) {
      const slice = partition.slice(batch.messages, this.subscription.maxBatch ?? MAX_BATCH);
      if (slice.end === null && slice.halt === null) {
        partition.waitsSince = null;
        return slices;
      }
      slices += 1;
      if ((await this.#deliver(partition, slice)) === 'moved') {
        await this.#partitions.reload();
        return 0;
      }
      if (slice.end !== null) {
        partition.next = partition.stored = slice.end.offset;
        resolveOffset(String(slice.end.offset - 1));
      }
      if (slice.halt) throw slice.halt;
      this.#partitions.succeeded(partition);
    }
    return 0;
  }

  /** Dead letters are stored in the handler's transaction. @throws the handler's error. */
  async #deliver({ source, stored: from }: Partition, slice: Slice): Promise<'handled' | 'moved'> {
    const { events, unreadable } = slice;
    const { consumer, checkpoints } = this.subscription;
    const move = async (manager: EntityManager, count: number) => {
      const to = endOf(slice, count);
      await moveBookmark(manager, checkpoints.table, { consumer, source, from, to });
      for (const message of unreadable)
        if (message.offset < to.offset) await this.subscription.deadLetter?.(manager, message);
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

  /** After the start of a broker, a group has no coordinator yet. That is reported only if it lasts. */
  #isExcused(thrown: unknown): boolean {
    if (!coordinatorStarts(thrown)) return false;
    this.#startsSince ??= performance.now();
    return performance.now() - this.#startsSince < COORDINATOR_STARTS_WITHIN_MS;
  }

  #explain(thrown: unknown): Error {
    return kafkaError(thrown, this.settings.kafka);
  }

  #failed(thrown: unknown): Error {
    const error = this.#explain(thrown);
    this.#failures += 1;
    this.settings.onFailure(this.subscription.consumer, error);
    return error;
  }
}

/** After the first `count` events; after all of them it also covers the slice's other messages. */
function endOf({ events, offsets, end }: Slice, count: number): Bookmark {
  const [last, offset] = [events[count - 1], offsets[count - 1]];
  if (count < events.length && last && offset !== undefined) return { offset: offset + 1, eventId: last.eventId };
  if (end === null) throw new Error('A slice without messages has no end.');
  return end;
}
