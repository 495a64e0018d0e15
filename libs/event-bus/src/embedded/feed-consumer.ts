import { newId, TOPIC_OF_CATEGORY, type StreamCategory } from '@postern/contracts';
import {
  advanceCheckpoint,
  Backlog,
  CheckpointMoved,
  feedLag,
  JOURNAL_SOURCE as SOURCE,
  loadCheckpoint,
  readFeed,
  sameCheckpoint,
  type Checkpoint,
  type FeedPage,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource } from 'typeorm';
import { Backoff, WakeSignal } from '@postern/async';
import { deliverBatch } from '../deliver-batch.js';
import type {
  EventBatch,
  RunningSubscription,
  Subscription,
  SubscriptionLag,
  SubscriptionStatus,
} from '../event-bus.js';
import { HALTED_AFTER_ATTEMPTS } from '../halted.js';
import type { SharedFeed } from './shared-feed.js';
import { isPermanent } from '../stream-version.js';

const MAX_BATCH = 500;
/**
 * Where there are committed events that the feed holds back for an older transaction, as a rule one of few milliseconds,
 * no wake will tell of that one's end: so it is looked for after these pauses, and then after the last of them each time.
 */
const LOOK_AGAIN_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/** Over so many positions that are not the consumer's, its checkpoint moves without a handler, so that a restart need not look at them again. */
const PERSIST_AFTER_POSITIONS = 5_000;

/** A batch of the feed itself. */
export interface FeedBatch extends EventBatch {
  /** The transaction ids of the events, one each. */
  readonly xids: readonly string[];
}

export type FeedSubscription = Omit<Subscription, 'handle' | 'park'> & {
  /** Also where it is far behind: else it then gets the events one stream after the other, and without transaction ids. */
  readonly inFeedOrder?: boolean;
  handle(batch: FeedBatch): Promise<void>;
};

export interface FeedConsumerSettings {
  readonly pollMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  readonly stopWithinMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
  /** Events were found: after a wake, or by a poll that no wake had come before. */
  readonly onFound?: (by: 'notification' | 'poll') => void;
  /** Where several consumers of the process share what they read. */
  readonly shared?: SharedFeed;
}

/** One subscription on the journal's feed: reads a page, hands it over, and waits where there is no next one. */
export class FeedConsumer implements RunningSubscription {
  readonly #signal = new WakeSignal();
  readonly #backoff: Backoff;
  readonly #categories: readonly StreamCategory[];
  readonly #running: Promise<void>;
  /** Where the checkpoint stands, and how far it was looked; undefined: to be loaded. */
  #place: { stored: Checkpoint; looked: FeedPosition } | undefined;
  /** What it is far behind with, and the checkpoint as it was moved last for it. */
  #backlog: { readonly events: Backlog; stored: Checkpoint } | undefined;
  /** How far it had come when that was last known: for those who ask while it is being loaded again. */
  #cameTo: FeedPosition | undefined;
  #stopped = false;
  #reload = false;
  /** A wake, or a page that was full, is why the present step reads; else it looks by itself. */
  #woken = false;
  /** The last step found events. */
  #foundEvents = false;
  /** `onCaughtUp` was called for the checkpoint that was read last. */
  #toldCaughtUp = false;
  /** How often in a row a batch could not be handled. */
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

  /** Goes on where the checkpoint stands now: somebody has moved it, and there may be no event that would show it. */
  reload(): void {
    this.#reload = true;
    this.#signal.wake();
  }

  status(): SubscriptionStatus {
    const halts = this.#failedAttempts >= HALTED_AFTER_ATTEMPTS || isPermanent(this.#status.lastError) ? 1 : 0;
    return { ...this.#status, halted: new Map(this.subscription.topics.map((topic) => [topic, halts])) };
  }

  async lag(): Promise<SubscriptionLag> {
    const after = this.#place?.looked ?? this.#cameTo ?? (await this.#load()).looked;
    return feedLag(this.feed, after, this.#categories);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#signal.close();
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((done) => (timer = setTimeout(done, this.settings.stopWithinMs)));
    await Promise.race([this.#running, bound]);
    clearTimeout(timer);
    this.settings.shared?.leave(this.subscription.consumer);
  }

  async #run(): Promise<void> {
    let looks = 0;
    let waited: 'woken' | 'polls' | null = null;
    while (!this.#stopped) {
      const started = performance.now();
      const found = await this.#step().catch((error: unknown) => this.#failed(error));
      // After a failure, and where an older transaction holds back the feed, no wake is to be expected.
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
      // A page that was full is a backlog, which is not spared.
      if (found !== 'more' && rest > 0) await this.#signal.pause(rest);
      looks = found === 'held' ? Math.min(looks + 1, LOOK_AGAIN_MS.length - 1) : 0;
    }
  }

  /** One look at the feed. `more`: look again at once; `held`: soon; `end`: when woken. */
  async #step(): Promise<'more' | 'held' | 'end'> {
    this.#foundEvents = false;
    if (this.#reload) this.#place = undefined;
    this.#reload = false;
    const place = (this.#place ??= await this.#load());
    this.#cameTo = place.looked;
    const page = this.#backlog ? null : await this.#read(place.looked);
    if (this.#backlog) await this.#handleBacklog(this.#backlog);
    else if (page && page.events.length > 0) await this.#handle(page, place.stored);
    else if (page) await this.#pass(page.position, place.stored);
    this.#foundEvents = page === null || page.events.length > 0;
    this.#backoff.reset();
    const more = page === null || page.more || this.#place === undefined;
    if (page?.more && this.#place && !this.subscription.inFeedOrder) {
      const { stored, looked } = this.#place;
      this.#backlog = { events: await Backlog.behind(this.feed, looked, this.#categories), stored };
    }
    const held = !more && page.held;
    const caughtUp = !more && !held;
    if (caughtUp && this.#place && !this.#toldCaughtUp) {
      await this.subscription.onCaughtUp?.({ source: SOURCE, at: this.#place.stored });
      this.#toldCaughtUp = true;
    }
    const hasCaughtUp = caughtUp || this.#status.hasCaughtUp;
    this.#status = { ...this.#status, lastError: null, caughtUp, hasCaughtUp };
    if (more) return 'more';
    return held ? 'held' : 'end';
  }

  #read(after: FeedPosition): Promise<FeedPage> {
    const { consumer, maxBatch = MAX_BATCH } = this.subscription;
    const { shared } = this.settings;
    if (shared) return shared.read(consumer, after, maxBatch, !this.#woken);
    return readFeed(this.feed, after, maxBatch, this.#categories);
  }

  async #load(): Promise<{ stored: Checkpoint; looked: FeedPosition }> {
    this.#toldCaughtUp = false;
    const { checkpoints, consumer } = this.subscription;
    const stored = await loadCheckpoint(checkpoints.dataSource, checkpoints.table, consumer, SOURCE);
    if (this.#backlog && !sameCheckpoint(this.#backlog.stored, stored)) this.#backlog = undefined;
    return { stored, looked: stored };
  }

  async #handleBacklog(backlog: { readonly events: Backlog; stored: Checkpoint }): Promise<void> {
    const { consumer, checkpoints, maxBatch = MAX_BATCH } = this.subscription;
    const from = backlog.stored;
    const events = await backlog.events.next(maxBatch);
    const ends = events.length === backlog.events.left;
    if (events.length === 0) {
      this.#backlog = undefined;
      return this.#pass(backlog.events.end, from);
    }
    this.#status = { ...this.#status, caughtUp: false };
    this.#failedAttempts += 1;
    let to = from;
    const result = await deliverBatch(
      { consumer, handle: (batch) => this.subscription.handle({ ...batch, xids: [] }) },
      {
        events,
        move: (manager, count) => {
          to = ends && count === events.length ? backlog.events.end : { ...from, backlogStep: newId() };
          return advanceCheckpoint(manager, checkpoints.table, { consumer, source: SOURCE, from, to });
        },
      },
    );
    this.#failedAttempts = 0;
    backlog.events.pass(events.length);
    backlog.stored = to;
    if (ends || result === 'moved') this.#backlog = undefined;
    this.#place = result === 'handled' ? { stored: to, looked: to } : undefined;
  }

  async #handle(page: FeedPage, stored: Checkpoint): Promise<void> {
    this.#status = { ...this.#status, caughtUp: false };
    const { consumer, checkpoints } = this.subscription;
    const handle = (batch: EventBatch) => this.subscription.handle({ ...batch, xids: page.xids });
    this.#failedAttempts += 1;
    const result = await deliverBatch(
      { consumer, handle },
      {
        events: page.events,
        move: (manager, count) => {
          const to = positionBehind(page, count);
          return advanceCheckpoint(manager, checkpoints.table, { consumer, source: SOURCE, from: stored, to });
        },
      },
    );
    this.#failedAttempts = 0;
    this.#place = result === 'handled' ? { stored: page.position, looked: page.position } : undefined;
  }

  /** Nothing for this consumer on the page. */
  async #pass(position: FeedPosition, stored: Checkpoint): Promise<void> {
    this.#place = { stored, looked: position };
    if (position.position - stored.position < PERSIST_AFTER_POSITIONS) return;
    const { checkpoints, consumer } = this.subscription;
    const move = { consumer, source: SOURCE, from: stored, to: position };
    try {
      await checkpoints.dataSource.transaction((m) => advanceCheckpoint(m, checkpoints.table, move));
      this.#place = { stored: position, looked: position };
    } catch (error) {
      if (!(error instanceof CheckpointMoved)) throw error;
      this.#place = undefined;
    }
  }

  #failed(thrown: unknown): 'failed' {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { failures, hasCaughtUp } = this.#status;
    this.#status = { caughtUp: false, hasCaughtUp, lastError: error, failures: failures + 1 };
    // Whether the handler's transaction committed is not known where the connection broke: look at the checkpoint.
    this.#place = undefined;
    this.settings.onFailure(this.subscription.consumer, error);
    return 'failed';
  }
}

/** Behind the first `count` events of the page; behind all of them lies also what the page has left out. */
function positionBehind({ events, xids, position }: FeedPage, count: number): FeedPosition {
  const [last, xid] = [events[count - 1], xids[count - 1]];
  return count < events.length && last && xid !== undefined ? { xid, position: last.position } : position;
}
