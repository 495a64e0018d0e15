import {
  splitStreamId,
  TOPIC_OF_CATEGORY,
  TOPICS,
  type FeedEvent,
  type JournalId,
  type Topic,
} from '@postern/contracts';
import {
  endRepublish,
  FEED_START,
  feedLag,
  JOURNAL_SOURCE,
  loadCheckpoint,
  loadJournalId,
  pendingRepublish,
  samePosition,
  wakeOnAppend,
  type Republish,
  type WakeOnAppend,
} from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { FeedConsumer, type FeedBatch } from '../../embedded/feed-consumer.js';
import { FEED_SETTINGS } from '../../embedded/feed-settings.js';
import type { SubscriptionLag } from '../../event-bus.js';
import { deleteFilledTopics } from '../topics/delete-topics.js';
import { assertNotEmptied, TopicEmptied } from '../topics/emptied-topics.js';
import { ensureTopics, TopicSettingsWrong } from '../topics/ensure-topics.js';
import { kafkaClient } from '../client/kafka-client.js';
import { kafkaError, KafkaUnreachable } from '../client/kafka-errors.js';
import type { KafkaSettings } from '../client/kafka-settings.js';
import { LeaderElection } from './leader-election.js';
import { EventNotInJournal, TopicOfAnotherJournal } from '../topics/journal-errors.js';
import { assertOwnTopics } from '../topics/own-topics.js';
import { isSent, placeOf } from './republished.js';
import { EventSender, MessageTooLarge } from './send-events.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';

/** The name of the publisher's checkpoint, in `journal.checkpoints`. */
export const PUBLISHER = 'publisher';
const MAX_PAGE = 1_000;
const EVERY_CATEGORY = ['smtp-user', 'auth-denials', 'tenant', 'api-key'] as const;

export interface EventPublisherOptions {
  readonly kafka: KafkaSettings;
  /** Connected as `postern_feed`. */
  readonly feed: DataSource;
  /** The URL of that role, for the connections that listen and that hold the lock. */
  readonly feedUrl: string;
  /** Told each failed attempt; it is tried again for ever. */
  readonly onFailure?: (error: Error) => void;
  /** Told so many events once the broker has them. */
  readonly onPublished?: (events: number) => void;
  /** Stands before each topic's name: for tests, which share a broker. */
  readonly topicPrefix?: string;
}

export interface PublisherStatus {
  readonly role: 'leader' | 'stand-by';
  /** Why the last attempt failed; null once one went through. */
  readonly lastError: Error | null;
  /** An event that can never be sent as it is, or topics that are not as they must be, or not this journal's, hold up all that follow: somebody must act. */
  readonly halted: boolean;
  /** Of this process, since its start. */
  readonly published: number;
}

/**
 * Brings the journal's events to Kafka, in the feed's order and at least once: one leader among the processes reads a page,
 * sends it, and moves its checkpoint once every in-sync replica has it. What fails is sent again; nothing overtakes it.
 */
export class EventPublisher {
  readonly #sender: EventSender;
  #election: LeaderElection | undefined;
  #consumer: FeedConsumer | undefined;
  #wake: WakeOnAppend | undefined;
  #published = 0;
  /** Whether the topics were found to be of this journal. */
  #areOwn = false;
  #electionError: Error | null = null;
  /** Found by the leader while there was nothing to send. */
  #foundError: Error | null = null;

  constructor(private readonly options: EventPublisherOptions) {
    this.#sender = new EventSender(
      kafkaClient(options.kafka, 'postern-publisher'),
      options.topicPrefix ?? '',
      options.kafka.partitions,
    );
  }

  /**
   * Makes the topics, or checks them, and takes part in the election. Throws `TopicSettingsWrong`, `TopicOfAnotherJournal`,
   * `EventNotInJournal` and `KafkaRefused`; a broker that does not answer is waited for meanwhile, since writes need none.
   */
  async start(): Promise<void> {
    await this.#ensureTopics().catch((error: unknown) => {
      if (!(error instanceof KafkaUnreachable)) throw error;
      this.#failed(error);
    });
    this.#wake = wakeOnAppend(this.options.feedUrl, () => this.#consumer?.wake());
    this.#election = new LeaderElection(
      this.options.feedUrl,
      () => this.#lead(),
      (error) => this.#failed(error),
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.#election?.stop(), this.#wake?.stop()]);
    await this.#sender.close();
  }

  status(): PublisherStatus {
    const lastError = this.#consumer ? (this.#consumer.status().lastError ?? this.#foundError) : this.#electionError;
    return {
      role: this.#election?.leads ? 'leader' : 'stand-by',
      lastError,
      halted: HALTING.some((kind) => lastError instanceof kind),
      published: this.#published,
    };
  }

  /** What the journal has and Kafka has not; the same from each process, leader or not. */
  async lag(): Promise<SubscriptionLag> {
    const { feed } = this.options;
    const after = await loadCheckpoint(feed, CHECKPOINTS, PUBLISHER, JOURNAL_SOURCE);
    return feedLag(feed, after ?? FEED_START, EVERY_CATEGORY);
  }

  /** From here to its end this process is the leader. */
  #lead(): { stop(): Promise<void> } {
    let leads = true;
    let ensured = false;
    let journal: JournalId | undefined;
    /** Whether the topics are known to hold what was published. */
    let whole = false;
    const { feed } = this.options;
    const handle = async (batch: FeedBatch) => {
      const stillLeading = () => {
        if (!leads) throw new LeadershipLost();
      };
      const republish = await pendingRepublish(feed);
      // Also where the same page comes again: what a leader before this one had sent of it is sent from the beginning.
      if (republish && (await this.#isAtStart())) {
        // Never those of another journal.
        if (!this.#areOwn) await this.#ensureTopics();
        await this.#delete(republish.topics);
        ensured = false;
      }
      if (!ensured) {
        whole = false;
        await this.#ensureTopics();
      }
      ensured = true;
      journal ??= await loadJournalId(feed);
      const read = batch.events.map((event, i): FeedEvent => ({ event, xid: batch.xids[i] ?? '' }));
      const toSend = republish ? read.filter((each) => isSent(each, republish)) : read;
      // A refill alone may go on: what is empty is told once something newer would go there.
      if (!whole && topicsOf(toSend).some((topic) => !republish?.topics.has(topic))) {
        await this.#assertNotEmptied(republish);
        whole = republish === null;
      }
      stillLeading();
      await this.#sender.send(toSend, journal).catch((error: unknown) => {
        // The topic may have been deleted.
        ensured = false;
        throw kafkaError(error, this.options.kafka);
      });
      // Another may have sent the same by now: its checkpoint stands, and ours does not move.
      stillLeading();
      await feed.transaction(async (manager) => {
        // What a crash takes is sent again.
        await manager.query('SET LOCAL synchronous_commit = off');
        const last = republish && read.at(-1);
        if (last) await endRepublish(manager, placeOf(last));
        await batch.advance(manager);
      });
      this.#published += toSend.length;
      this.options.onPublished?.(toSend.length);
    };
    const subscription = {
      consumer: PUBLISHER,
      topics: Object.values(TOPICS),
      checkpoints: { dataSource: feed, table: CHECKPOINTS },
      maxBatch: MAX_PAGE,
      handle,
    };
    const consumer = new FeedConsumer(feed, subscription, {
      ...FEED_SETTINGS,
      onFailure: (_, error) => {
        if (!(error instanceof LeadershipLost)) this.options.onFailure?.(error);
      },
    });
    this.#consumer = consumer;
    this.#electionError = null;
    let lookedAt = -Infinity;
    // Who asks for a topic to be filled again moves the checkpoint back, which a publisher without new events does not see.
    // Nor does it see that a broker has lost everything.
    const lookWhileIdle = async () => {
      if ((await pendingRepublish(feed)) !== null) {
        ensured = false;
        consumer.reload();
      } else if (performance.now() - lookedAt > LOOK_AT_TOPICS_MS) {
        await this.#ensureTopics();
        await this.#assertNotEmptied(null);
        lookedAt = performance.now();
      }
      this.#foundError = null;
    };
    let looking = false;
    const look = setInterval(() => {
      if (looking || !consumer.status().caughtUp) return;
      looking = true;
      lookWhileIdle()
        .catch((error: Error) => (this.#foundError = error))
        .finally(() => (looking = false));
    }, LOOK_FOR_REPUBLISH_MS);
    return {
      stop: async () => {
        leads = false;
        clearInterval(look);
        // What is on its way is cut off: the new leader does not wait for it.
        await Promise.all([this.#sender.close(), consumer.stop()]);
        if (this.#consumer === consumer) this.#consumer = undefined;
      },
    };
  }

  async #isAtStart(): Promise<boolean> {
    return samePosition(await loadCheckpoint(this.options.feed, CHECKPOINTS, PUBLISHER, JOURNAL_SOURCE), FEED_START);
  }

  /** Throws `TopicEmptied` where one of the topics that are not being filled again does not hold what was published before. */
  async #assertNotEmptied(republish: Republish | null): Promise<void> {
    const topics = Object.values(TOPICS).filter((topic) => !republish?.topics.has(topic));
    const { kafka, feed, topicPrefix = '' } = this.options;
    const published = republish?.until ?? (await loadCheckpoint(feed, CHECKPOINTS, PUBLISHER, JOURNAL_SOURCE));
    const client = kafkaClient(kafka, 'postern-topics');
    await assertNotEmptied(client, feed, { topics, topicPrefix, published }).catch((error: unknown) => {
      throw kafkaError(error, kafka);
    });
  }

  async #delete(topics: ReadonlySet<string>): Promise<void> {
    const { kafka, topicPrefix = '' } = this.options;
    const names = [...topics].map((topic) => topicPrefix + topic);
    await deleteFilledTopics(kafka, names).catch((error: unknown) => {
      throw kafkaError(error, kafka);
    });
    // Its producer counts the messages of the topics that are gone.
    await this.#sender.close();
  }

  async #ensureTopics(): Promise<void> {
    const { kafka, feed, topicPrefix = '' } = this.options;
    await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
    if (this.#areOwn) return;
    const refilled = (await pendingRepublish(feed))?.topics ?? new Set<string>();
    const looked = { topics: EVENT_TOPICS.map(({ topic }) => topic as Topic), topicPrefix, refilled };
    await assertOwnTopics(kafkaClient(kafka, 'postern-topics'), feed, looked).catch((error: unknown) => {
      throw kafkaError(error, kafka);
    });
    this.#areOwn = true;
  }

  #failed(error: Error): void {
    this.#electionError = error;
    this.options.onFailure?.(error);
  }
}

const CHECKPOINTS = 'journal.checkpoints';
/** What only somebody can mend. */
const HALTING = [MessageTooLarge, TopicOfAnotherJournal, EventNotInJournal, TopicEmptied, TopicSettingsWrong];

function topicsOf(events: readonly FeedEvent[]): string[] {
  return [...new Set(events.map(({ event }) => TOPIC_OF_CATEGORY[splitStreamId(event.streamId).category]))];
}

const LOOK_FOR_REPUBLISH_MS = 1_000;
const LOOK_AT_TOPICS_MS = 15_000;

/** The lock went while a page was being sent: what it did not move, the new leader sends. */
class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
  constructor() {
    super('Another process publishes now.');
  }
}
