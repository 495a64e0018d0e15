import type { Kafka } from 'kafkajs';
import { type EventBus, type RunningSubscription, type Subscription, type TopicWriter } from '../event-bus.js';
import { ensureTopics } from './topics/ensure-topics.js';
import { kafkaClient, CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './client/kafka-client.js';
import { KafkaUnreachable } from './client/kafka-errors.js';
import { CONSUMER_SETTINGS, SESSION_TIMEOUT_MS, type ConsumerSettings } from './consume/group-consumer.js';
import { TopicConsumer } from './consume/topic-consumer.js';
import { KafkaTopicWriter } from './publish/kafka-topic-writer.js';
import { EVENT_TOPICS, RELAY_POLICIES, MAX_MESSAGE_BYTES } from './topics/topic-settings.js';
import { MAX_BYTES_PER_SEND } from './publish/send-events.js';

export type KafkaEventBusOptions = Pick<ConsumerSettings, 'kafka'> & Partial<ConsumerSettings>;

/** Events arrive at least once and take effect once, because handlers apply them by their stream's version. */
export class KafkaEventBus implements EventBus {
  readonly #kafka: Kafka;
  readonly #settings: ConsumerSettings;
  readonly #consumers = new Set<TopicConsumer>();

  constructor(private readonly options: KafkaEventBusOptions) {
    this.#kafka = kafkaClient(options.kafka);
    this.#settings = { ...CONSUMER_SETTINGS, ...options };
  }

  /** Creates or checks the topics. @throws `TopicSettingsWrong`, `KafkaRefused`. Subscriptions wait for a broker. */
  async start(): Promise<void> {
    try {
      await ensureTopics(this.options.kafka, EVENT_TOPICS, this.#settings.topicPrefix);
    } catch (error) {
      if (!(error instanceof KafkaUnreachable)) throw error;
    }
  }

  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    const consumer = new TopicConsumer(this.#kafka, subscription, this.#settings);
    this.#consumers.add(consumer);
    return consumer;
  }

  writer(topic: string): TopicWriter {
    if (topic !== RELAY_POLICIES.topic) throw new TypeError(`${topic} is written from the journal.`);
    return new KafkaTopicWriter(this.options.kafka, RELAY_POLICIES, this.#settings.topicPrefix);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
  }
}

export const KAFKA_LIMITS = {
  bytesPerSend: MAX_BYTES_PER_SEND,
  messageBytes: MAX_MESSAGE_BYTES,
  connectMs: CONNECT_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  silentMs: SESSION_TIMEOUT_MS,
};
