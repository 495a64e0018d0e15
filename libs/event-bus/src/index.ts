export { consumerReadiness } from './consumer-readiness.js';
export { type HaltedPartitions } from './halted.js';
export { deliverBatch, type PositionedBatch } from './deliver-batch.js';
export { EmbeddedEventBus, type EmbeddedEventBusOptions } from './embedded/embedded-event-bus.js';
export { WriteRefused, type TopicMessage, type TopicWriter } from './topic-writer.js';
export {
  EVENT_BUS,
  type EventBatch,
  type EventBus,
  type RunningSubscription,
  type Subscription,
  type SubscriptionLag,
  type SubscriptionStatus,
  type UnreadableMessage,
} from './event-bus.js';
export { partitionOf } from './kafka/topics/partition-of.js';
export { KafkaTopicWriter } from './kafka/publish/kafka-topic-writer.js';
export { EventsMissing, isNextVersion, StreamConflict, type AppliedVersion } from './stream-version.js';
export { EventPublisher, type EventPublisherOptions, type PublisherStatus } from './kafka/publish/event-publisher.js';
export { deleteOwnTopics } from './kafka/topics/delete-topics.js';
export { ensureTopics } from './kafka/topics/ensure-topics.js';
export { KafkaEventBus, type KafkaEventBusOptions } from './kafka/kafka-event-bus.js';
export {
  DEFAULT_PARTITIONS,
  SASL_MECHANISMS,
  type KafkaLogin,
  type KafkaSettings,
  type SaslMechanism,
} from './kafka/client/kafka-settings.js';
export { KAFKA_LIMITS } from './kafka/limits.js';
export { EVENT_TOPICS, RELAY_POLICIES, type TopicSettings } from './kafka/topics/topic-settings.js';
export { PUBLISHER_LOCK } from './kafka/publish/leader-election.js';
