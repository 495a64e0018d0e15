import { TOPIC_OF_CATEGORY, type StreamCategory, type Topic } from '@postern/contracts';
import { publisherLag } from '@postern/event-store';
import type { Kafka } from 'kafkajs';
import type { EventBus, RunningSubscription, Subscription, SubscriptionLag } from '../event-bus.js';
import { GAP_HALTS_AFTER_MS } from '../halted.js';
import type { TopicWriter } from '../topic-writer.js';
import { ensureTopics } from './topics/ensure-topics.js';
import { kafkaClient } from './client/kafka-client.js';
import { kafkaError, KafkaUnreachable } from './client/kafka-errors.js';
import type { KafkaSettings } from './client/kafka-settings.js';
import { SESSION_TIMEOUT_MS } from './consume/group-member.js';
import { TopicConsumer, type TopicConsumerSettings } from './consume/topic-consumer.js';
import { KafkaTopicWriter } from './publish/kafka-topic-writer.js';
import { EVENT_TOPICS, RELAY_POLICIES } from './topics/topic-settings.js';

export interface KafkaEventBusOptions extends Partial<
  Pick<
    TopicConsumerSettings,
    | 'topicPrefix'
    | 'sessionTimeoutMs'
    | 'retryFirstMs'
    | 'retryLongestMs'
    | 'gapHaltsAfterMs'
    | 'stopWithinMs'
    | 'onFailure'
  >
> {
  readonly kafka: KafkaSettings;
}

const SETTINGS = {
  topicPrefix: '',
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  gapHaltsAfterMs: GAP_HALTS_AFTER_MS,
  stopWithinMs: 10_000,
  onFailure: () => undefined,
};

/**
 * Topics of Kafka as the bus, for Postern in several processes. What a publisher has sent comes from there at least once, and takes effect
 * once: handlers apply events by their stream's version. `onFailure` is called with each failed attempt.
 */
export class KafkaEventBus implements EventBus {
  readonly #kafka: Kafka;
  readonly #settings: TopicConsumerSettings;
  readonly #consumers = new Set<TopicConsumer>();

  constructor(private readonly options: KafkaEventBusOptions) {
    this.#kafka = kafkaClient(options.kafka);
    this.#settings = {
      ...SETTINGS,
      ...options,
      ensureTopics: (topics) => this.#ensureTopics(topics),
      explain: (error) => kafkaError(error, options.kafka),
    };
  }

  /**
   * Makes the topics of events, or checks them. Throws `TopicSettingsWrong` and `KafkaRefused`; a broker that does not answer
   * is waited for by each subscription.
   */
  async start(): Promise<void> {
    try {
      await this.#ensureTopics(EVENT_TOPICS.map(({ topic }) => topic as Topic));
    } catch (error) {
      if (!(error instanceof KafkaUnreachable)) throw error;
    }
  }

  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    if (subscription.topics.length === 0) throw new TypeError(`${subscription.consumer} subscribes to no topic.`);
    const consumer = new TopicConsumer(this.#kafka, subscription, this.#settings);
    this.#consumers.add(consumer);
    return {
      status: () => consumer.status(),
      lag: () => lagBehindJournal(consumer, subscription),
      stop: async () => {
        this.#consumers.delete(consumer);
        await consumer.stop();
      },
    };
  }

  writer(topic: string): TopicWriter {
    if (topic !== RELAY_POLICIES.topic) throw new TypeError(`${topic} is written from the journal.`);
    return new KafkaTopicWriter(this.options.kafka, RELAY_POLICIES, this.#settings.topicPrefix);
  }

  async stop(): Promise<void> {
    const consumers = [...this.#consumers];
    this.#consumers.clear();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }

  async #ensureTopics(topics: readonly Topic[]): Promise<void> {
    const wanted = EVENT_TOPICS.filter(({ topic }) => topics.includes(topic as Topic));
    await ensureTopics(this.options.kafka, wanted, this.#settings.topicPrefix);
  }
}

/** Behind the journal, not behind the topics alone: what the publisher has not sent counts too, such as what a long transaction holds back. */
async function lagBehindJournal(consumer: TopicConsumer, subscription: Subscription): Promise<SubscriptionLag> {
  const categories = (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter((category) =>
    subscription.topics.includes(TOPIC_OF_CATEGORY[category]),
  );
  const [unread, unsent] = await Promise.all([
    consumer.lag(),
    publisherLag(subscription.checkpoints.dataSource, categories),
  ]);
  return { events: unread.events + unsent.events, seconds: Math.max(unread.seconds, unsent.seconds) };
}
