export { Backoff } from './backoff.js';
export { consumerReadiness } from './consumer-readiness.js';
export { deliverBatch, type PlacedBatch } from './deliver-batch.js';
export { EmbeddedEventBus, type EmbeddedEventBusOptions } from './embedded/embedded-event-bus.js';
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
} from './event-bus.js';
export { EventsMissing } from './events-missing.js';
