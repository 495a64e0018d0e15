import { splitStreamId, TOPIC_OF_CATEGORY, TOPICS, type FeedEvent, type JournalId } from '@postern/contracts';
import {
  endRepublish,
  FEED_START,
  isBehind,
  loadJournalId,
  loadPublished,
  pendingRepublish,
  PUBLISHER,
  samePosition,
  type FeedPosition,
  type Republish,
} from '@postern/event-store';
import { FeedConsumer, type FeedBatch, FEED_SETTINGS } from '../../embedded/feed-consumer.js';
import { kafkaError } from '../client/kafka-errors.js';
import { assertNotEmptied, assertTopicsFit, type CheckedTopics } from '../topics/check-topics.js';
import { deleteFilledTopics } from '../topics/delete-topics.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
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
  /** The topics were found to be of this journal, and not ahead of it. */
  #fit = false;
  /** The topics exist, as far as is known. */
  #ensured = false;
  /** None of them was found empty since then. */
  #complete = false;
  #journal: JournalId | undefined;
  /** Undefined: to be looked up. Who asks for one moves the checkpoint back, so that this leader loads it again. */
  #republish: Republish | null | undefined;
  /** Found while there was nothing to send. */
  #foundError: Error | null = null;
  #looking = false;
  #lookedAt = -Infinity;

  constructor(
    private readonly topics: CheckedTopics,
    private readonly sender: EventSender,
    private readonly events: LeadershipEvents,
  ) {
    const { feed } = topics;
    const subscription = {
      consumer: PUBLISHER.consumer,
      topics: Object.values(TOPICS),
      checkpoints: { dataSource: feed, table: PUBLISHER.table },
      maxBatch: MAX_PAGE,
      inFeedOrder: true,
      onLoaded: () => (this.#republish = undefined),
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
    const { feed, kafka } = this.topics;
    if (this.#republish === undefined) this.#republish = await pendingRepublish(feed);
    const republish = this.#republish;
    await this.#makeReady(republish);
    const journal = (this.#journal ??= await loadJournalId(feed));
    const read = batch.events.map((event, i): FeedEvent => ({ event, xid: batch.xids[i] ?? '' }));
    const toSend = republish ? read.filter((each) => isSent(each, republish)) : read;
    // A refill alone may go on: that another topic is empty matters once something newer would go there.
    if (!this.#complete && topicsOf(toSend).some((topic) => !republish?.topics.has(topic))) {
      await assertNotEmptied(this.topics, recreatedBy(republish), republish?.until ?? (await loadPublished(feed)));
      this.#complete = republish === null;
    }
    this.#stillLeading();
    await this.sender.send(toSend, journal).catch((error: unknown) => {
      // The topic may have been deleted.
      this.#ensured = false;
      throw kafkaError(error, kafka);
    });
    // Another may have sent the same by now: its checkpoint is stored, and ours does not move.
    this.#stillLeading();
    await feed.transaction(async (manager) => {
      // What a crash takes is sent again.
      await manager.query('SET LOCAL synchronous_commit = off');
      const last = republish && read.at(-1);
      if (last) await endRepublish(manager, positionOf(last));
      await batch.advance(manager);
    });
    if (republish) this.#republish = undefined;
    this.events.published(toSend.length);
  }

  async #makeReady(republish: Republish | null): Promise<void> {
    const { kafka, feed, topicPrefix } = this.topics;
    if (!this.#fit) {
      await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
      await assertTopicsFit(this.topics, recreatedBy(republish));
      this.#fit = true;
    }
    // Also where the same page comes again: what a leader before this one had sent of it is sent from the beginning.
    if (republish && samePosition(await loadPublished(feed), FEED_START)) {
      const names = [...republish.topics].map((topic) => topicPrefix + topic);
      await deleteFilledTopics(kafka, names);
      // Its producer counts the messages of the topics that are gone.
      await this.sender.close();
      this.#ensured = false;
    }
    if (this.#ensured) return;
    this.#complete = false;
    await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
    this.#ensured = true;
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
    const { kafka, feed, topicPrefix } = this.topics;
    if ((await pendingRepublish(feed)) !== null) {
      this.#ensured = false;
      this.#consumer.reload();
    } else if (performance.now() - this.#lookedAt > LOOK_AT_TOPICS_MS) {
      // It may create a topic that was deleted. Nothing newer is sent there before it is known whether events are missing in it.
      this.#complete = false;
      await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
      if (!this.#fit) await assertTopicsFit(this.topics, new Set());
      this.#fit = true;
      await assertNotEmptied(this.topics, new Set(), await loadPublished(feed));
      this.#lookedAt = performance.now();
    }
  }
}

function recreatedBy(republish: Republish | null): ReadonlySet<string> {
  return republish?.topics ?? new Set();
}

function positionOf({ event, xid }: FeedEvent): FeedPosition {
  return { xid, position: event.position };
}

/** Whether the event is sent while topics are filled again: of what was published before, those of these topics alone. */
function isSent(read: FeedEvent, { topics, until }: Republish): boolean {
  return topics.has(topicOf(read)) || isBehind(positionOf(read), until);
}

function topicOf({ event }: FeedEvent): string {
  return TOPIC_OF_CATEGORY[splitStreamId(event.streamId).category];
}

function topicsOf(events: readonly FeedEvent[]): string[] {
  return [...new Set(events.map(topicOf))];
}

/** The lock was lost while a page was being sent: what it did not move, the new leader sends. */
class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
  constructor() {
    super('Another process publishes now.');
  }
}
