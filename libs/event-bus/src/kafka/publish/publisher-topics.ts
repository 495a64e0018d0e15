import { TOPICS, type Topic } from '@postern/contracts';
import { JOURNAL_SOURCE, loadCheckpoint, pendingRepublish, type Republish } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { kafkaClient } from '../client/kafka-client.js';
import { kafkaError } from '../client/kafka-errors.js';
import type { KafkaSettings } from '../client/kafka-settings.js';
import { deleteFilledTopics } from '../topics/delete-topics.js';
import { assertNotEmptied } from '../topics/emptied-topics.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { assertOwnTopics } from '../topics/own-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { CHECKPOINTS, PUBLISHER } from './publisher-checkpoint.js';

/** The event topics as who publishes must find them. All throw `KafkaRefused` and `KafkaUnreachable` too. */
export class PublisherTopics {
  /** Whether they were found to be of this journal. */
  #areOwn = false;

  /** `feed` is connected as `postern_feed`. */
  constructor(
    private readonly kafka: KafkaSettings,
    private readonly feed: DataSource,
    private readonly topicPrefix: string,
  ) {}

  get areOwn(): boolean {
    return this.#areOwn;
  }

  /** Makes them, or checks them. Throws `TopicSettingsWrong`, `TopicOfAnotherJournal`, `EventNotInJournal`. */
  async ensure(): Promise<void> {
    await ensureTopics(this.kafka, EVENT_TOPICS, this.topicPrefix);
    if (this.#areOwn) return;
    const refilled = (await pendingRepublish(this.feed))?.topics ?? new Set<string>();
    const topics = EVENT_TOPICS.map(({ topic }) => topic as Topic);
    const looked = { topics, topicPrefix: this.topicPrefix, refilled };
    await this.#told(assertOwnTopics(kafkaClient(this.kafka, 'postern-topics'), this.feed, looked));
    this.#areOwn = true;
  }

  /** Throws `TopicEmptied` where one of those that are not being filled again does not hold what was published before. */
  async assertNotEmptied(republish: Republish | null): Promise<void> {
    const topics = Object.values(TOPICS).filter((topic) => !republish?.topics.has(topic));
    const published = republish?.until ?? (await loadCheckpoint(this.feed, CHECKPOINTS, PUBLISHER, JOURNAL_SOURCE));
    const looked = { topics, topicPrefix: this.topicPrefix, published };
    await this.#told(assertNotEmptied(kafkaClient(this.kafka, 'postern-topics'), this.feed, looked));
  }

  /** For a refill from the beginning. */
  async delete(topics: ReadonlySet<string>): Promise<void> {
    await this.#told(
      deleteFilledTopics(
        this.kafka,
        [...topics].map((topic) => this.topicPrefix + topic),
      ),
    );
  }

  async #told(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      throw kafkaError(error, this.kafka);
    });
  }
}
