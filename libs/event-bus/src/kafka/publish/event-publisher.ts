import { LeaderElection, type Listener } from '@postern/database';
import { feedLag, loadPublished, pendingRepublish, wakeOnAppend } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import type { SubscriptionLag } from '../../event-bus.js';
import { isPermanent } from '../../stream-version.js';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { KafkaUnreachable } from '../client/kafka-errors.js';
import { assertTopicsFit, type CheckedTopics } from '../topics/check-topics.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { Leadership } from './leadership.js';
import { EventSender } from './send-events.js';

/** Of the one process that publishes. */
export const PUBLISHER_LOCK = 8_025_027;
const EVERY_CATEGORY = ['smtp-user', 'auth-denials', 'tenant', 'api-key'] as const;

export interface EventPublisherOptions {
  readonly kafka: KafkaSettings;
  /** Connected as `postern_feed`. */
  readonly feed: DataSource;
  /** The URL of that role, for the connections that listen and that hold the lock. */
  readonly feedUrl: string;
  /** Called with each failed attempt; it tries again for ever. */
  readonly onFailure?: (error: Error) => void;
  /** Called with the number of events once the broker has them. */
  readonly onPublished?: (events: number) => void;
  /** In front of each topic's name: for tests, which share a broker. */
  readonly topicPrefix?: string;
}

export interface PublisherStatus {
  readonly role: 'leader' | 'stand-by';
  /** Why the last attempt failed; null once one went through. */
  readonly lastError: Error | null;
  /** An event that can never be sent, or topics that are not as they must be, hold up all that follow: somebody must act. */
  readonly halted: boolean;
  /** Of this process, since its start. */
  readonly published: number;
}

/**
 * Brings the journal's events to Kafka, in the feed's order and at least once: one leader among the processes reads a page,
 * sends it, and moves its checkpoint once every in-sync replica has it. What fails is sent again; nothing overtakes it.
 */
export class EventPublisher {
  readonly #topics: CheckedTopics;
  readonly #sender: EventSender;
  #election: LeaderElection | undefined;
  /** While this process is the leader. */
  #leadership: Leadership | undefined;
  #wake: Listener | undefined;
  #published = 0;
  #electionError: Error | null = null;

  constructor(private readonly options: EventPublisherOptions) {
    const { kafka, feed, topicPrefix = '' } = options;
    this.#topics = { kafka, feed, topicPrefix };
    this.#sender = new EventSender(kafkaClient(kafka, 'postern-publisher'), topicPrefix);
  }

  /**
   * Makes the topics, or checks them, and takes part in the election. Throws `TopicSettingsWrong`, `TopicOfAnotherJournal`,
   * `TopicAheadOfJournal` and `KafkaRefused`; a broker that does not answer is waited for meanwhile, since writes need none.
   */
  async start(): Promise<void> {
    await this.#checkTopics().catch((error: unknown) => {
      if (!(error instanceof KafkaUnreachable)) throw error;
      this.#failed(error);
    });
    this.#wake = wakeOnAppend(this.options.feedUrl, () => this.#leadership?.wake());
    this.#election = new LeaderElection({
      url: this.options.feedUrl,
      lock: PUBLISHER_LOCK,
      applicationName: 'postern-publisher',
      lead: () => this.#lead(),
      onFailure: (error) => this.#failed(error),
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#election?.stop(), this.#wake?.stop()]);
    await this.#sender.close();
  }

  status(): PublisherStatus {
    const lastError = this.#leadership ? this.#leadership.lastError : this.#electionError;
    return {
      role: this.#election?.leads ? 'leader' : 'stand-by',
      lastError,
      halted: isPermanent(lastError),
      published: this.#published,
    };
  }

  /** What the journal has and Kafka has not; the same from each process, leader or not. */
  async lag(): Promise<SubscriptionLag> {
    const { feed } = this.options;
    return feedLag(feed, await loadPublished(feed), EVERY_CATEGORY);
  }

  async #checkTopics(): Promise<void> {
    const { kafka, feed, topicPrefix } = this.#topics;
    await ensureTopics(kafka, EVENT_TOPICS, topicPrefix);
    await assertTopicsFit(this.#topics, (await pendingRepublish(feed))?.topics ?? new Set());
  }

  #lead(): { stop(): Promise<void> } {
    const { onFailure, onPublished } = this.options;
    const leadership = new Leadership(this.#topics, this.#sender, {
      failed: (error) => onFailure?.(error),
      found: (by) => this.#wake?.foundBy(by),
      published: (events) => {
        this.#published += events;
        onPublished?.(events);
      },
    });
    this.#leadership = leadership;
    this.#electionError = null;
    return {
      stop: async () => {
        await leadership.stop();
        if (this.#leadership === leadership) this.#leadership = undefined;
      },
    };
  }

  #failed(error: Error): void {
    this.#electionError = error;
    this.options.onFailure?.(error);
  }
}
