import type { Listener } from '@postern/database';
import { readFeed, wakeOnAppend } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import type { EventBus, RunningSubscription, Subscription } from '../event-bus.js';
import { FeedConsumer, type FeedConsumerSettings, FEED_SETTINGS } from './feed-consumer.js';
import { SharedFeed } from './shared-feed.js';

export interface EmbeddedEventBusOptions extends Partial<FeedConsumerSettings> {
  /** Connected as `postern_feed`. */
  readonly feed: DataSource;
  readonly feedUrl: string;
}

/** The journal's feed as the bus. NOTIFY wakes the consumers; a slow poll is the fallback. */
export class EmbeddedEventBus implements EventBus {
  readonly #settings: FeedConsumerSettings;
  readonly #consumers = new Set<FeedConsumer>();
  readonly #shared: SharedFeed;
  #wake: Listener | undefined;

  constructor(private readonly options: EmbeddedEventBusOptions) {
    this.#settings = { ...FEED_SETTINGS, ...options };
    this.#shared = new SharedFeed((after, limit, categories) => readFeed(options.feed, after, limit, categories));
  }

  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    const consumer = new FeedConsumer(this.options.feed, subscription, {
      ...this.#settings,
      shared: this.#shared,
      onFound: (by) => this.#wake?.foundBy(by),
    });
    this.#consumers.add(consumer);
    this.#wake ??= wakeOnAppend(this.options.feedUrl, () => {
      this.#shared.wake();
      for (const each of this.#consumers) each.wake();
    });
    return consumer;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#wake?.stop(), ...[...this.#consumers].map((consumer) => consumer.stop())]);
  }
}
