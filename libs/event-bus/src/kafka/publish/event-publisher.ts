import { STREAM_CATEGORIES } from '@postern/contracts';
import { LeaderElection, type Listener } from '@postern/database';
import { feedLag, loadPublished, pendingRepublish, wakeOnAppend, type FeedLag } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { isPermanent } from '../../stream-version.js';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { KafkaUnreachable } from '../client/kafka-errors.js';
import { assertTopicsFit, type CheckedTopics } from '../topics/check-topics.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { Leadership } from './leadership.js';
import { EventSender } from './send-events.js';

export const PUBLISHER_LOCK = 8_025_027;

export interface EventPublisherOptions {
  readonly kafka: KafkaSettings;
  readonly feed: DataSource;
  readonly feedUrl: string;
  readonly onFailure?: (error: Error) => void;
  readonly onPublished?: (events: number) => void;
  readonly topicPrefix?: string;
}

export interface PublisherStatus {
  readonly role: 'leader' | 'stand-by';
  readonly lastError: Error | null;
  /** An event that cannot be sent, or a wrong topic, blocks all later events until somebody acts. */
  readonly halted: boolean;
}

/**
 * Sends the journal's events to Kafka in the feed's order, at least once. One leader moves the checkpoint when every in-sync replica has a page.
 * A failed page is sent again; later ones wait.
 */
export class EventPublisher {
  readonly #topics: CheckedTopics;
  readonly #sender: EventSender;
  #election: LeaderElection | undefined;
  #leadership: Leadership | undefined;
  #wake: Listener | undefined;
  #electionError: Error | null = null;

  constructor(private readonly options: EventPublisherOptions) {
    const { kafka, feed, topicPrefix = '' } = options;
    this.#topics = { kafka, feed, topicPrefix };
    this.#sender = new EventSender(kafkaClient(kafka, 'postern-publisher'), topicPrefix);
  }

  /**
   * Checks the topics and joins the election. Without a broker it resolves, and the leader checks them later: writes need no broker.
   * @throws `TopicSettingsWrong`, `TopicOfAnotherJournal`, `TopicAheadOfJournal`, `KafkaRefused`.
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
    return { role: this.#election?.leads ? 'leader' : 'stand-by', lastError, halted: isPermanent(lastError) };
  }

  /** Events of the journal that Kafka does not have; the same in each process, leader or not. */
  async lag(): Promise<FeedLag> {
    const { feed } = this.options;
    return feedLag(feed, await loadPublished(feed), STREAM_CATEGORIES);
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
      published: (events) => onPublished?.(events),
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
