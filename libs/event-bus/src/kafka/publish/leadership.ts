import { splitStreamId, TOPIC_OF_CATEGORY, TOPICS, type FeedEvent, type JournalId } from '@postern/contracts';
import {
  endRepublish,
  FEED_START,
  JOURNAL_SOURCE,
  loadCheckpoint,
  loadJournalId,
  pendingRepublish,
  samePosition,
  type Republish,
} from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { FeedConsumer, type FeedBatch } from '../../embedded/feed-consumer.js';
import { FEED_SETTINGS } from '../../embedded/feed-settings.js';
import { kafkaError } from '../client/kafka-errors.js';
import type { KafkaSettings } from '../client/kafka-settings.js';
import { CHECKPOINTS, PUBLISHER } from './publisher-checkpoint.js';
import type { PublisherTopics } from './publisher-topics.js';
import { isSent, placeOf } from './republished.js';
import type { EventSender } from './send-events.js';

const MAX_PAGE = 1_000;
const LOOK_FOR_REPUBLISH_MS = 1_000;
const LOOK_AT_TOPICS_MS = 15_000;

export interface LeadershipEvents {
  readonly failed: (error: Error) => void;
  /** There were events to publish: after a wake, or by a poll. */
  readonly found: (by: 'notification' | 'poll') => void;
  /** So many events are with every in-sync replica. */
  readonly published: (events: number) => void;
}

/** The time in which this process is the one that publishes, from when it is made until it is stopped. */
export class Leadership {
  readonly #consumer: FeedConsumer;
  readonly #look: NodeJS.Timeout;
  #leads = true;
  /** Whether the topics are there, as far as is known. */
  #ensured = false;
  /** Whether they are known to hold what was published. */
  #whole = false;
  #journal: JournalId | undefined;
  /** Found while there was nothing to send. */
  #foundError: Error | null = null;
  #looking = false;
  #lookedAt = -Infinity;

  constructor(
    private readonly kafka: KafkaSettings,
    private readonly feed: DataSource,
    private readonly topics: PublisherTopics,
    private readonly sender: EventSender,
    private readonly events: LeadershipEvents,
  ) {
    const subscription = {
      consumer: PUBLISHER,
      topics: Object.values(TOPICS),
      checkpoints: { dataSource: feed, table: CHECKPOINTS },
      maxBatch: MAX_PAGE,
      handle: (batch: FeedBatch) => this.#handle(batch),
    };
    this.#consumer = new FeedConsumer(feed, subscription, {
      ...FEED_SETTINGS,
      onFound: events.found,
      onFailure: (_, error) => {
        if (!(error instanceof LeadershipLost)) events.failed(error);
      },
    });
    this.#look = setInterval(() => this.#lookWhileIdle(), LOOK_FOR_REPUBLISH_MS);
  }

  get lastError(): Error | null {
    return this.#consumer.status().lastError ?? this.#foundError;
  }

  wake(): void {
    this.#consumer.wake();
  }

  /** What is on its way is cut off: the new leader does not wait for it. */
  async stop(): Promise<void> {
    this.#leads = false;
    clearInterval(this.#look);
    await Promise.all([this.sender.close(), this.#consumer.stop()]);
  }

  async #handle(batch: FeedBatch): Promise<void> {
    const republish = await pendingRepublish(this.feed);
    await this.#makeReady(republish);
    const journal = (this.#journal ??= await loadJournalId(this.feed));
    const read = batch.events.map((event, i): FeedEvent => ({ event, xid: batch.xids[i] ?? '' }));
    const toSend = republish ? read.filter((each) => isSent(each, republish)) : read;
    // A refill alone may go on: what is empty is told once something newer would go there.
    if (!this.#whole && topicsOf(toSend).some((topic) => !republish?.topics.has(topic))) {
      await this.topics.assertNotEmptied(republish);
      this.#whole = republish === null;
    }
    this.#stillLeading();
    await this.sender.send(toSend, journal).catch((error: unknown) => {
      // The topic may have been deleted.
      this.#ensured = false;
      throw kafkaError(error, this.kafka);
    });
    // Another may have sent the same by now: its checkpoint stands, and ours does not move.
    this.#stillLeading();
    await this.feed.transaction(async (manager) => {
      // What a crash takes is sent again.
      await manager.query('SET LOCAL synchronous_commit = off');
      const last = republish && read.at(-1);
      if (last) await endRepublish(manager, placeOf(last));
      await batch.advance(manager);
    });
    this.events.published(toSend.length);
  }

  async #makeReady(republish: Republish | null): Promise<void> {
    // Also where the same page comes again: what a leader before this one had sent of it is sent from the beginning.
    if (republish && (await this.#isAtStart())) {
      // Never those of another journal.
      if (!this.topics.areOwn) await this.topics.ensure();
      await this.topics.delete(republish.topics);
      // Its producer counts the messages of the topics that are gone.
      await this.sender.close();
      this.#ensured = false;
    }
    if (this.#ensured) return;
    this.#whole = false;
    await this.topics.ensure();
    this.#ensured = true;
  }

  async #isAtStart(): Promise<boolean> {
    return samePosition(await loadCheckpoint(this.feed, CHECKPOINTS, PUBLISHER, JOURNAL_SOURCE), FEED_START);
  }

  #stillLeading(): void {
    if (!this.#leads) throw new LeadershipLost();
  }

  /**
   * Who asks for a topic to be filled again moves the checkpoint back, which a publisher without new events does not see. Nor
   * does it see that a broker has lost everything.
   */
  #lookWhileIdle(): void {
    if (this.#looking || !this.#consumer.status().caughtUp) return;
    this.#looking = true;
    this.#lookOnce()
      .then(() => (this.#foundError = null))
      .catch((error: Error) => (this.#foundError = error))
      .finally(() => (this.#looking = false));
  }

  async #lookOnce(): Promise<void> {
    if ((await pendingRepublish(this.feed)) !== null) {
      this.#ensured = false;
      this.#consumer.reload();
    } else if (performance.now() - this.#lookedAt > LOOK_AT_TOPICS_MS) {
      await this.topics.ensure();
      await this.topics.assertNotEmptied(null);
      this.#lookedAt = performance.now();
    }
  }
}

function topicsOf(events: readonly FeedEvent[]): string[] {
  return [...new Set(events.map(({ event }) => TOPIC_OF_CATEGORY[splitStreamId(event.streamId).category]))];
}

/** The lock went while a page was being sent: what it did not move, the new leader sends. */
class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
  constructor() {
    super('Another process publishes now.');
  }
}
