import type { FeedConsumerSettings } from './feed-consumer.js';

export const FEED_SETTINGS: FeedConsumerSettings = {
  pollMs: 1_000,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  stopWithinMs: 10_000,
  onFailure: () => undefined,
};
