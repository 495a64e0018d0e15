export { deliverBatch, type PositionedBatch } from './deliver-batch.js';
export { EmbeddedEventBus, type EmbeddedEventBusOptions } from './embedded/embedded-event-bus.js';
export {
  consumerReadiness,
  EVENT_BUS,
  WriteRefused,
  type EventBatch,
  type EventBus,
  type HaltedPartitions,
  type RunningSubscription,
  type Subscription,
  type SubscriptionStatus,
  type TopicMessage,
  type TopicWriter,
  type UnreadableMessage,
} from './event-bus.js';
export { partitionOf } from './kafka/topics/read-topics.js';
export { KafkaTopicWriter } from './kafka/publish/kafka-topic-writer.js';
export { EventsMissing, isNextVersion, StreamConflict, type AppliedVersion } from './stream-version.js';
export {
  EventPublisher,
  PUBLISHER_LOCK,
  type EventPublisherOptions,
  type PublisherStatus,
} from './kafka/publish/event-publisher.js';
export { deleteOwnTopics } from './kafka/topics/delete-topics.js';
export { ensureTopics } from './kafka/topics/ensure-topics.js';
export { KAFKA_LIMITS, KafkaEventBus, type KafkaEventBusOptions } from './kafka/kafka-event-bus.js';
export {
  DEFAULT_PARTITIONS,
  SASL_MECHANISMS,
  type KafkaLogin,
  type KafkaSettings,
  type SaslMechanism,
} from './kafka/client/kafka-client.js';
export { EVENT_TOPICS, RELAY_POLICIES, type TopicSettings } from './kafka/topics/topic-settings.js';
