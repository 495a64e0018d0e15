import { Backoff, endsWithin, WakeSignal } from '@postern/async';
import {
  EventNewerThanProgram,
  newId,
  TOPIC_OF_CATEGORY,
  type Recorded,
  type StreamCategory,
} from '@postern/contracts';
import {
  advanceCheckpoint,
  Backlog,
  CheckpointMoved,
  feedLag,
  isBehind,
  JOURNAL_SOURCE as SOURCE,
  loadCheckpoint,
  readFeed,
  sameCheckpoint,
  type Checkpoint,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { deliverBatch } from '../deliver-batch.js';
import {
  HALTED_AFTER_ATTEMPTS,
  type EventBatch,
  type RunningSubscription,
  type Subscription,
  type SubscriptionLag,
  type SubscriptionStatus,
} from '../event-bus.js';
import { isPermanent } from '../stream-version.js';
import type { SharedFeed } from './shared-feed.js';

const MAX_BATCH = 500;
/** Polls while a transaction holds back committed events: its end sends no NOTIFY. Most end soon. */
const LOOK_AGAIN_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/** After this many events of other topics the checkpoint is stored, so that a restart does not read them again. */
const PERSIST_AFTER_POSITIONS = 5_000;

export interface FeedBatch extends EventBatch {
  /** One per event; empty if the events come stream by stream. */
  readonly xids: readonly string[];
}

export type FeedSubscription = Omit<Subscription, 'handle' | 'deadLetter'> & {
  /** Use the feed's order also in a large backlog. By default a backlog is handled stream by stream. */
  readonly inFeedOrder?: boolean;
  onLoaded?(): void;
  handle(batch: FeedBatch): Promise<void>;
};

export interface FeedConsumerSettings {
  readonly pollMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  readonly stopWithinMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
  readonly onFound?: (by: 'notification' | 'poll') => void;
  readonly shared?: SharedFeed;
}

export const FEED_SETTINGS: FeedConsumerSettings = {
  pollMs: 1_000,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  stopWithinMs: 10_000,
  onFailure: () => undefined,
};

interface Part {
  readonly events: readonly Recorded[];
  readonly xids: readonly string[];
  /** The checkpoint after the first `count` events; after all of them it also covers what was left out. */
  to(count: number): Checkpoint;
  readonly more: boolean;
  readonly held: boolean;
}

export class FeedConsumer implements RunningSubscription {
  readonly #signal = new WakeSignal();
  readonly #backoff: Backoff;
  readonly #categories: readonly StreamCategory[];
  readonly #running: Promise<void>;
  /** Undefined: to be loaded. */
  #at: { readonly stored: Checkpoint; readonly read: FeedPosition } | undefined;
  #lastAt: { readonly stored: Checkpoint; readonly read: FeedPosition } | undefined;
  #backlog: Backlog | undefined;
  #othersStep: { readonly step: string; readonly seenAt: number } | undefined;
  /** Read in the feed's order up to here: an event there failed, and only the events before it may be applied. */
  #inOrderUntil: FeedPosition | undefined;
  #reload = false;
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
    this.#categories = (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter((category) =>
      subscription.topics.some((topic) => topic === TOPIC_OF_CATEGORY[category]),
    );
    settings.shared?.join(subscription.consumer, this.#categories);
    this.#running = this.#run();
  }

  wake(): void {
    this.#signal.wake();
  }

  /** Loads the checkpoint again: somebody moved it, maybe without a new event. */
  reload(): void {
    this.#reload = true;
    this.#signal.wake();
  }

  status(): SubscriptionStatus {
    const halts = this.#failedAttempts >= HALTED_AFTER_ATTEMPTS || isPermanent(this.#status.lastError) ? 1 : 0;
    return { ...this.#status, halted: new Map(this.subscription.topics.map((topic) => [topic, halts])) };
  }

  async lag(): Promise<SubscriptionLag> {
    const after = this.#at?.read ?? this.#lastAt?.read ?? (await this.#load()).read;
    const lag = await feedLag(this.feed, after, this.#categories);
    return { ...lag, events: Math.max(0, lag.events - (this.#backlog?.passed ?? 0)) };
  }

  async stop(): Promise<void> {
    this.#signal.close();
    await endsWithin(this.#running, this.settings.stopWithinMs);
    this.settings.shared?.leave(this.subscription.consumer);
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
    if (this.#reload) this.#at = undefined;
    this.#reload = false;
    if (this.#at === undefined) {
      const loaded = await this.#load();
      if (this.#isOthersBacklog(loaded.stored)) {
        this.#status = { ...this.#status, lastError: null, caughtUp: false };
        return 'held';
      }
      this.#at = loaded;
    }
    const { stored, read } = (this.#lastAt = this.#at);
    const part = this.#backlog ? await this.#nextOf(this.#backlog, stored) : await this.#nextPage(read);
    this.#foundEvents = part.events.length > 0;
    await (this.#foundEvents ? this.#handle(part, stored) : this.#pass(part.to(0), stored));
    this.#backoff.reset();
    if (part.more && !this.#backlog && this.#at && this.#mayLookFar(this.#at.read)) await this.#lookFar(this.#at);
    // Another instance moved the checkpoint and probably continues, so this one pauses.
    const moved = this.#at === undefined;
    const more = part.more && !moved;
    const held = !more && (part.held || moved);
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

  /** A backlog is kept while this consumer was the last to move the checkpoint. */
  async #load(): Promise<{ readonly stored: Checkpoint; readonly read: FeedPosition }> {
    this.#reportedCaughtUp = false;
    this.subscription.onLoaded?.();
    const { checkpoints, consumer } = this.subscription;
    const stored = await loadCheckpoint(checkpoints.dataSource, checkpoints.table, consumer, SOURCE);
    if (this.#lastAt && !sameCheckpoint(this.#lastAt.stored, stored)) this.#backlog = undefined;
    return { stored, read: stored };
  }

  /** Another instance handles this backlog: leave it the work, unless a poll interval has no step. */
  #isOthersBacklog(stored: Checkpoint): boolean {
    const step = stored.backlogStep ?? null;
    if (step === null || (this.#lastAt && sameCheckpoint(this.#lastAt.stored, stored))) return false;
    if (this.#othersStep?.step !== step) this.#othersStep = { step, seenAt: performance.now() };
    return performance.now() - this.#othersStep.seenAt < this.settings.pollMs;
  }

  async #nextPage(after: FeedPosition): Promise<Part> {
    const { consumer, maxBatch = MAX_BATCH } = this.subscription;
    const { shared } = this.settings;
    const page = shared
      ? await shared.read(consumer, after, maxBatch, !this.#woken)
      : await readFeed(this.feed, after, maxBatch, this.#categories);
    const { events, xids, position } = page;
    const to = (count: number): Checkpoint => {
      const [last, xid] = [events[count - 1], xids[count - 1]];
      return count < events.length && last && xid !== undefined ? { xid, position: last.position } : position;
    };
    return { ...page, to };
  }

  async #nextOf(backlog: Backlog, stored: Checkpoint): Promise<Part> {
    const events = await backlog.next(this.subscription.maxBatch ?? MAX_BATCH);
    const step = { xid: stored.xid, position: stored.position, backlogStep: newId() };
    const to = (count: number): Checkpoint => (count === backlog.left ? backlog.end : step);
    return { events, xids: [], to, more: true, held: false };
  }

  #mayLookFar(read: FeedPosition): boolean {
    if (this.subscription.inFeedOrder) return false;
    return this.#inOrderUntil === undefined || isBehind(read, this.#inOrderUntil);
  }

  async #lookFar({ stored, read }: { readonly stored: Checkpoint; readonly read: FeedPosition }): Promise<void> {
    const backlog = await Backlog.behind(this.feed, read, this.#categories);
    if (backlog.left > 0) this.#backlog = backlog;
    else await this.#pass(backlog.end, stored);
  }

  async #handle(part: Part, from: Checkpoint): Promise<void> {
    this.#status = { ...this.#status, caughtUp: false };
    const { events, xids } = part;
    const { consumer, checkpoints } = this.subscription;
    this.#failedAttempts += 1;
    const result = await deliverBatch(
      { consumer, handle: (batch) => this.subscription.handle({ ...batch, xids }) },
      {
        events,
        move: (manager, count) =>
          advanceCheckpoint(manager, checkpoints.table, { consumer, source: SOURCE, from, to: part.to(count) }),
      },
    );
    this.#failedAttempts = 0;
    const to = part.to(events.length);
    this.#at = result === 'handled' ? { stored: to, read: to } : undefined;
    if (result === 'handled') this.#backlog?.pass(events.length);
    if (this.#backlog?.left === 0) this.#backlog = undefined;
  }

  async #pass(position: FeedPosition, from: Checkpoint): Promise<void> {
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
    // A failed event halts those behind it, but no earlier event of another stream.
    const halts =
      isPermanent(error) || error instanceof EventNewerThanProgram || this.#failedAttempts >= HALTED_AFTER_ATTEMPTS;
    if (this.#backlog && halts) {
      this.#inOrderUntil = this.#backlog.end;
      this.#backlog = undefined;
    }
    // After a broken connection, only the checkpoint shows whether the handler's transaction was committed.
    this.#at = undefined;
    this.settings.onFailure(this.subscription.consumer, error);
    return 'failed';
  }
}
