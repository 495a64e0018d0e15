import { splitStreamId, TOPIC_OF_CATEGORY, TOPICS, type JournalId, type Recorded } from '@postern/contracts';
import {
  endRepublish,
  FEED_START,
  isBehind,
  loadJournalId,
  loadPublished,
  pendingRepublish,
  PUBLISHER,
  samePosition,
  type Republish,
} from '@postern/event-store';
import { FeedConsumer, FEED_SETTINGS } from '../../embedded/feed-consumer.js';
import type { EventBatch } from '../../event-bus.js';
import { kafkaError } from '../client/kafka-errors.js';
import { assertNotEmptied, assertTopicsFit, type CheckedTopics } from '../topics/check-topics.js';
import { deleteTopics, isDeletionForbidden } from '../topics/delete-topics.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import type { EventSender } from './send-events.js';

const MAX_PAGE = 1_000;
/** Events wait for a check, about 0.1 s. */
const CHECK_TOPICS_EVERY_MS = 60_000;

export interface LeadershipEvents {
  readonly failed: (error: Error) => void;
  readonly found: (by: 'notification' | 'poll') => void;
  readonly published: (events: number) => void;
}

export class Leadership {
  readonly #consumer: FeedConsumer;
  /** The last events of the topics are the journal's: checked once. */
  #topicsFit = false;
  /** When the topics existed and had lost nothing, by `performance.now()`. Checked again after a failure, and from time to time. */
  #topicsCheckedAt = -Infinity;
  #journal: JournalId | undefined;
  /** Undefined: to be loaded. A request for one moves the checkpoint back, so that this leader loads it. */
  #republish: Republish | null | undefined;

  constructor(
    private readonly topics: CheckedTopics,
    private readonly sender: EventSender,
    events: LeadershipEvents,
  ) {
    const { feed } = topics;
    const subscription = {
      consumer: PUBLISHER.consumer,
      topics: Object.values(TOPICS),
      checkpoints: { dataSource: feed, table: PUBLISHER.table },
      maxBatch: MAX_PAGE,
      onLoaded: () => (this.#republish = undefined),
      // Without new events, a publisher would not notice a broker that lost everything.
      onCaughtUp: async () => this.#checkTopics(await pendingRepublish(feed)),
      handle: async (batch: EventBatch) => events.published(await this.#publish(batch)),
    };
    this.#consumer = new FeedConsumer(feed, subscription, {
      ...FEED_SETTINGS,
      onFound: events.found,
      onFailure: (_, error) => {
        // A topic may have been deleted since the last look, and only the publisher creates it again.
        this.#topicsCheckedAt = -Infinity;
        events.failed(error);
      },
    });
  }

  get lastError(): Error | null {
    return this.#consumer.status().lastError;
  }

  wake(): void {
    this.#consumer.wake();
  }

  /** Aborts what is being sent: the new leader must not wait for it. It may send it again. */
  async stop(): Promise<void> {
    await Promise.all([this.#consumer.stop(), this.sender.close()]);
  }

  /** Returns how many events were sent. */
  async #publish(batch: EventBatch): Promise<number> {
    const { feed, kafka } = this.topics;
    if (this.#republish === undefined) this.#republish = await pendingRepublish(feed);
    const republish = this.#republish;
    await this.#checkTopics(republish);
    if (republish) await this.#recreateTopics(republish);
    const journal = (this.#journal ??= await loadJournalId(feed));
    const toSend = republish ? batch.events.filter((event) => isSent(event, republish)) : batch.events;
    await this.sender.send(toSend, journal).catch((error: unknown) => {
      throw kafkaError(error, kafka);
    });
    await feed.transaction(async (manager) => {
      // After a crash, the events are sent again.
      await manager.query('SET LOCAL synchronous_commit = off');
      await batch.advance(manager);
      const last = batch.events.at(-1);
      if (republish && last) await endRepublish(manager, republish, last);
    });
    if (republish) this.#republish = undefined;
    return toSend.length;
  }

  async #checkTopics(republish: Republish | null): Promise<void> {
    if (performance.now() - this.#topicsCheckedAt < CHECK_TOPICS_EVERY_MS) return;
    const { kafka, feed, topicPrefix } = this.topics;
    const recreated = republish?.topics ?? new Set();
    await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
    if (!this.#topicsFit) await assertTopicsFit(this.topics, recreated);
    this.#topicsFit = true;
    await assertNotEmptied(this.topics, recreated, republish?.until ?? (await loadPublished(feed)));
    this.#topicsCheckedAt = performance.now();
  }

  /** Also if the first page is repeated: what an earlier leader sent of it is sent from the beginning. */
  async #recreateTopics(republish: Republish): Promise<void> {
    const { kafka, feed, topicPrefix } = this.topics;
    if (!samePosition(await loadPublished(feed), FEED_START)) return;
    await deleteTopics(
      kafka,
      [...republish.topics].map((topic) => topicPrefix + topic),
    ).catch((error: unknown) => {
      // The events are then appended to the old ones.
      if (!isDeletionForbidden(error)) throw error;
    });
    // Its producer has the sequence numbers of the deleted topics.
    await this.sender.close();
    await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
  }
}

/** During a refill, an event that was published before is sent only to the topics being refilled. */
function isSent(event: Recorded, { topics, until }: Republish): boolean {
  return topics.has(TOPIC_OF_CATEGORY[splitStreamId(event.streamId).category]) || isBehind(event, until);
}
