export { consumerReadiness } from './consumer-readiness.js';
export { type HaltedPartitions } from './halted.js';
export { deliverBatch, type PlacedBatch } from './deliver-batch.js';
export { EmbeddedEventBus, type EmbeddedEventBusOptions } from './embedded/embedded-event-bus.js';
export { StandsOnTopics } from './embedded/stands-on-topics.js';
export { WriteRefused, type TopicMessage, type TopicWriter } from './topic-writer.js';
export {
  CheckpointAdvancedTwice,
  CheckpointNotAdvanced,
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
export { RELAY_POLICIES } from './kafka/topics/relay-policies-topic.js';
export { EventsMissing } from './events-missing.js';
export { EventPublisher, type EventPublisherOptions, type PublisherStatus } from './kafka/publish/event-publisher.js';
export { deleteTopics } from './kafka/topics/delete-topics.js';
export { ServicesRunning, whileNobodyRuns } from './kafka/publish/nobody-runs.js';
export { ensureTopics, TopicSettingsWrong } from './kafka/topics/ensure-topics.js';
export { KafkaEventBus, type KafkaEventBusOptions } from './kafka/kafka-event-bus.js';
export { KafkaRefused, KafkaUnreachable } from './kafka/client/kafka-errors.js';
export {
  DEFAULT_PARTITIONS,
  SASL_MECHANISMS,
  type KafkaLogin,
  type KafkaSettings,
  type SaslMechanism,
} from './kafka/client/kafka-settings.js';
export { EventNotInJournal, TopicOfAnotherJournal } from './kafka/topics/journal-errors.js';
export { KAFKA_LIMITS } from './kafka/limits.js';
export { EVENT_TOPICS, type TopicSettings } from './kafka/topics/topic-settings.js';
export { PUBLISHER_LOCK } from './kafka/publish/leader-election.js';
