import { Backoff, endsWithin, WakeSignal } from '@postern/async';
import { categoriesOf, type StreamCategory } from '@postern/contracts';
import {
  advanceCheckpoint,
  CheckpointMoved,
  feedLag,
  JOURNAL_SOURCE as SOURCE,
  loadCheckpoint,
  readFeed,
  type FeedLag,
  type FeedPage,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { deliverBatch } from '../deliver-batch.js';
import {
  HALTED_AFTER_ATTEMPTS,
  type RunningSubscription,
  type Subscription,
  type SubscriptionStatus,
} from '../event-bus.js';
import { isPermanent } from '../stream-version.js';
import type { SharedFeed } from './shared-feed.js';

const MAX_BATCH = 500;
const STOP_WITHIN_MS = 10_000;
/** Polls while a transaction holds back committed events: its end sends no NOTIFY. Most end soon. */
const LOOK_AGAIN_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/** After this many events of other topics the checkpoint is stored, so that a restart does not read them again. */
const PERSIST_AFTER_POSITIONS = 5_000;

export type FeedSubscription = Omit<Subscription, 'deadLetter'> & {
  /** Others move its checkpoint, maybe without a new event: load it at each poll. Called after that. */
  onLoaded?(): void;
};

export interface FeedConsumerSettings {
  readonly pollMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
  readonly onFound?: (by: 'notification' | 'poll') => void;
  readonly shared?: SharedFeed;
}

export const FEED_SETTINGS: FeedConsumerSettings = {
  pollMs: 1_000,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  onFailure: () => undefined,
};

export class FeedConsumer implements RunningSubscription {
  readonly #signal = new WakeSignal();
  readonly #backoff: Backoff;
  readonly #categories: readonly StreamCategory[];
  readonly #running: Promise<void>;
  /** Undefined: to be loaded. */
  #at: { readonly stored: FeedPosition; readonly read: FeedPosition } | undefined;
  /** This step reads because of a wake or a full page; otherwise it polls. */
  #woken = false;
  #foundEvents = false;
  #reportedCaughtUp = false;
  #failedAttempts = 0;
  #status: Omit<SubscriptionStatus, 'halted'> = { caughtUp: false, hasCaughtUp: false, lastError: null, failures: 0 };

  constructor(
    private readonly feed: DataSource,
    private readonly subscription: FeedSubscription,
    private readonly settings: FeedConsumerSettings,
  ) {
    this.#backoff = new Backoff(settings.retryFirstMs, settings.retryLongestMs);
    this.#categories = categoriesOf(subscription.topics);
    this.#running = this.#run();
  }

  wake(): void {
    this.#signal.wake();
  }

  status(): SubscriptionStatus {
    const halts = this.#failedAttempts >= HALTED_AFTER_ATTEMPTS || isPermanent(this.#status.lastError) ? 1 : 0;
    return { ...this.#status, halted: new Map(this.subscription.topics.map((topic) => [topic, halts])) };
  }

  async lag(): Promise<FeedLag> {
    return feedLag(this.feed, this.#at?.read ?? (await this.#loadStored()), this.#categories);
  }

  async stop(): Promise<void> {
    this.#signal.close();
    await endsWithin(this.#running, STOP_WITHIN_MS);
  }

  async #run(): Promise<void> {
    let looks = 0;
    let waited: 'woken' | 'polls' | null = null;
    while (!this.#signal.closed) {
      const started = performance.now();
      const found = await this.#step().catch((error: unknown) => this.#failed(error));
      // After a failure, or while an older transaction holds back the feed, no wake is expected.
      if (waited && this.#foundEvents) this.settings.onFound?.(waited === 'woken' ? 'notification' : 'poll');
      waited = null;
      this.#woken = found === 'more';
      if (found === 'failed') await this.#signal.pause(this.#backoff.nextMs());
      else if (found === 'held') await this.#signal.wait(LOOK_AGAIN_MS[looks] ?? this.settings.pollMs);
      else if (found === 'end') {
        this.#woken = await this.#signal.wait(this.settings.pollMs);
        waited = this.#woken ? 'woken' : 'polls';
      }
      const rest = (this.subscription.spacingMs ?? 0) - (performance.now() - started);
      if (found !== 'more' && rest > 0) await this.#signal.pause(rest);
      looks = found === 'held' ? Math.min(looks + 1, LOOK_AGAIN_MS.length - 1) : 0;
    }
  }

  /** Reads the feed once. `more`: read again at once; `held`: soon; `end`: when woken. */
  async #step(): Promise<'more' | 'held' | 'end'> {
    this.#foundEvents = false;
    if (this.subscription.onLoaded && !this.#woken) this.#at = undefined;
    const { stored, read } = (this.#at ??= await this.#load());
    const page = await this.#nextPage(read);
    this.#foundEvents = page.events.length > 0;
    await (this.#foundEvents ? this.#handle(page, stored) : this.#pass(page.position, stored));
    this.#backoff.reset();
    // Another instance moved the checkpoint and probably continues, so this one pauses.
    const moved = this.#at === undefined;
    const more = page.more && !moved;
    const held = !more && (page.held || moved);
    const caughtUp = !more && !held;
    if (caughtUp && this.#at && !this.#reportedCaughtUp) {
      await this.subscription.onCaughtUp?.({ source: SOURCE, at: this.#at.stored });
      this.#reportedCaughtUp = true;
    }
    const hasCaughtUp = caughtUp || this.#status.hasCaughtUp;
    this.#status = { ...this.#status, lastError: null, caughtUp, hasCaughtUp };
    if (more) return 'more';
    return held ? 'held' : 'end';
  }

  async #load(): Promise<{ readonly stored: FeedPosition; readonly read: FeedPosition }> {
    this.#reportedCaughtUp = false;
    this.subscription.onLoaded?.();
    const stored = await this.#loadStored();
    return { stored, read: stored };
  }

  #loadStored(): Promise<FeedPosition> {
    const { checkpoints, consumer } = this.subscription;
    return loadCheckpoint(checkpoints.dataSource, checkpoints.table, consumer, SOURCE);
  }

  async #nextPage(after: FeedPosition): Promise<FeedPage> {
    const { maxBatch = MAX_BATCH } = this.subscription;
    const { shared } = this.settings;
    return shared
      ? shared.read(after, maxBatch, this.#categories, !this.#woken)
      : readFeed(this.feed, after, maxBatch, this.#categories);
  }

  async #handle({ events, position }: FeedPage, from: FeedPosition): Promise<void> {
    this.#status = { ...this.#status, caughtUp: false };
    const { consumer, checkpoints } = this.subscription;
    this.#failedAttempts += 1;
    const result = await deliverBatch(this.subscription, {
      events,
      move: (manager, count) => {
        // After all events, it also covers the events of other topics behind them.
        const to = (count < events.length && events[count - 1]) || position;
        return advanceCheckpoint(manager, checkpoints.table, { consumer, source: SOURCE, from, to });
      },
    });
    this.#failedAttempts = 0;
    this.#at = result === 'handled' ? { stored: position, read: position } : undefined;
  }

  async #pass(position: FeedPosition, from: FeedPosition): Promise<void> {
    this.#at = { stored: from, read: position };
    if (position.position - from.position < PERSIST_AFTER_POSITIONS) return;
    const { checkpoints, consumer } = this.subscription;
    const move = { consumer, source: SOURCE, from, to: position };
    try {
      await checkpoints.dataSource.transaction((m) => advanceCheckpoint(m, checkpoints.table, move));
      this.#at = { stored: position, read: position };
    } catch (error) {
      if (!(error instanceof CheckpointMoved)) throw error;
      this.#at = undefined;
    }
  }

  #failed(thrown: unknown): 'failed' {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { failures, hasCaughtUp } = this.#status;
    this.#status = { caughtUp: false, hasCaughtUp, lastError: error, failures: failures + 1 };
    // After a broken connection, only the checkpoint shows whether the handler's transaction was committed.
    this.#at = undefined;
    if (!this.#signal.closed) this.settings.onFailure(this.subscription.consumer, error);
    return 'failed';
  }
}
