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
  readonly found: (by: 'notification' | 'poll') => void;
  readonly published: (events: number) => void;
}

export class Leadership {
  readonly #consumer: FeedConsumer;
  readonly #look: NodeJS.Timeout;
  #leads = true;
  #topicsFit = false;
  #ensured = false;
  #complete = false;
  #journal: JournalId | undefined;
  /** Undefined: to be loaded. A request for one moves the checkpoint back, so that this leader loads it. */
  #republish: Republish | null | undefined;
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
      onLoaded: () => (this.#republish = undefined),
      handle: (batch: FeedBatch) =>
        this.#handle(batch).catch((error: unknown) => {
          // A topic may have been deleted since the last look, and only the publisher creates it again.
          this.#ensured = false;
          throw error;
        }),
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

  /** Aborts what is being sent: the new leader must not wait for it. */
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
    // A refill may continue. Another empty topic matters only when a newer event goes there.
    if (!this.#complete && topicsOf(toSend).some((topic) => !republish?.topics.has(topic))) {
      await assertNotEmptied(this.topics, recreatedBy(republish), republish?.until ?? (await loadPublished(feed)));
      this.#complete = republish === null;
    }
    this.#stillLeading();
    await this.sender.send(toSend, journal).catch((error: unknown) => {
      throw kafkaError(error, kafka);
    });
    // A new leader may have sent the same; then its checkpoint is stored and ours does not move.
    this.#stillLeading();
    await feed.transaction(async (manager) => {
      // After a crash, the events are sent again.
      await manager.query('SET LOCAL synchronous_commit = off');
      await batch.advance(manager);
      const last = read.at(-1);
      if (republish && last) await endRepublish(manager, republish, positionOf(last));
    });
    if (republish) this.#republish = undefined;
    this.events.published(toSend.length);
  }

  async #makeReady(republish: Republish | null): Promise<void> {
    const { kafka, feed, topicPrefix } = this.topics;
    if (!this.#topicsFit) {
      await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
      await assertTopicsFit(this.topics, recreatedBy(republish));
      this.#topicsFit = true;
    }
    // Also if the same page is repeated: what an earlier leader sent of it is sent from the beginning.
    if (republish && samePosition(await loadPublished(feed), FEED_START)) {
      const names = [...republish.topics].map((topic) => topicPrefix + topic);
      await deleteFilledTopics(kafka, names);
      // Its producer has the sequence numbers of the deleted topics.
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

  /** Without new events, a publisher does not notice a request to refill a topic, nor a broker that lost everything. */
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
    } else if (performance.now() - this.#lookedAt > LOOK_AT_TOPICS_MS && this.#consumer.status().caughtUp) {
      // This may create a deleted topic. Nothing newer is sent to it before `assertNotEmptied`. A page that is already being sent could
      // get there by a retry, and may have begun during the query above, so check `caughtUp` again.
      this.#complete = false;
      await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
      if (!this.#topicsFit) await assertTopicsFit(this.topics, new Set());
      this.#topicsFit = true;
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

/** During a refill, an event that was published before is sent only to the topics being refilled. */
function isSent(read: FeedEvent, { topics, until }: Republish): boolean {
  return topics.has(topicOf(read)) || isBehind(positionOf(read), until);
}

function topicOf({ event }: FeedEvent): string {
  return TOPIC_OF_CATEGORY[splitStreamId(event.streamId).category];
}

function topicsOf(events: readonly FeedEvent[]): string[] {
  return [...new Set(events.map(topicOf))];
}

/** The new leader sends the events that this one did not checkpoint. */
class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
  constructor() {
    super('Another process publishes now.');
  }
}
