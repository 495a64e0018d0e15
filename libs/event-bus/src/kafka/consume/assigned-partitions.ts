import { Backoff } from '@postern/async';
import type { JournalId, Topic } from '@postern/contracts';
import { addBookmarks, FEED_START, loadBookmarks, type FeedLag } from '@postern/event-store';
import type { Consumer } from 'kafkajs';
import { HALTED_AFTER_ATTEMPTS, type Subscription } from '../../event-bus.js';
import { EventsMissing, isPermanent } from '../../stream-version.js';
import { kafkaError } from '../client/kafka-errors.js';
import { withAdmin, topicOffsets, type PartitionOffsets } from '../topics/read-topics.js';
import type { ConsumerSettings } from './group-consumer.js';
import { Partition, sourceOf, type PartitionName } from './partition.js';

interface Assigned extends PartitionName {
  /** Null until its bookmark is loaded. */
  loaded: Partition | null;
  failure: Failure | null;
}

/**
 * The states of a partition after a failed batch ("it"):
 *
 * | state  | when                                                                     | ends                                |
 * |--------|--------------------------------------------------------------------------|-------------------------------------|
 * | waits  | an earlier event of a stream is missing, for less than `gapHaltsAfterMs` | the event arrives, or the gap lasts |
 * | fails  | anything else, such as an unavailable database                           | it is handled, or fails five times  |
 * | halted | a permanent error, five attempts, a gap that lasts                       | it is handled                       |
 * In each state, nothing is fetched for a pause that grows until something is handled. Then the bookmark is loaded again.
 */
interface Failure {
  /** Null while it waits for the events of a gap. */
  error: Error | null;
  attempts: number;
  /** The event after a gap, and since when, by `performance.now()`. */
  gap: { readonly eventId: string; readonly since: number } | null;
  readonly backoff: Backoff;
  retry?: NodeJS.Timeout;
}

interface Assignment {
  readonly consumer: Consumer;
  readonly journal: JournalId;
  /** By `sourceOf`. */
  readonly partitions: ReadonlyMap<string, Assigned>;
}

/** The partitions that this process reads, loaded from the database at each join and after each failure. */
export class AssignedPartitions {
  /** Null if this process is not a member of the group. Work for an earlier assignment is void. */
  #assigned: Assignment | null = null;
  #looking = false;
  #reported = false;
  #hasCaughtUp = false;

  constructor(
    private readonly subscription: Subscription,
    private readonly settings: ConsumerSettings,
    private readonly report: (error: unknown) => Error,
  ) {}

  get #all(): readonly Assigned[] {
    return [...(this.#assigned?.partitions.values() ?? [])];
  }

  get lastError(): Error | null {
    return this.#all.find(({ failure }) => failure?.error)?.failure?.error ?? null;
  }

  get caughtUp(): boolean {
    return this.#assigned !== null && this.#all.every(({ loaded }) => loaded?.caughtUp);
  }

  /** All partitions of the consumer had caught up at some time, also those of other instances. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  halted(topic: Topic): number {
    return this.#all.filter((each) => each.topic === topic && isHalted(each.failure)).length;
  }

  /** @param byTopic partition numbers by the topics' full names. */
  assign(consumer: Consumer, journal: JournalId, byTopic: Readonly<Record<string, readonly number[]>>): void {
    this.release();
    const partitions = new Map<string, Assigned>();
    for (const [name, ids] of Object.entries(byTopic))
      for (const partition of ids) {
        const topic = name.slice(this.settings.topicPrefix.length) as Topic;
        partitions.set(sourceOf({ topic, partition }), { topic, partition, loaded: null, failure: null });
      }
    this.#assigned = { consumer, journal, partitions };
    consumer.pause(this.#all.flatMap((each) => this.#withPrefix(each)));
    void this.reload();
  }

  release(): void {
    for (const { failure } of this.#all) clearTimeout(failure?.retry);
    this.#assigned = null;
  }

  find(name: PartitionName): Partition | null {
    return this.#assigned?.partitions.get(sourceOf(name))?.loaded ?? null;
  }

  succeeded(partition: Partition): void {
    const assigned = this.#assigned?.partitions.get(partition.source);
    if (assigned) recovered(assigned);
  }

  /** Handling failed: fetch nothing of the partition for a while, then load it and try again. */
  failed(partition: Partition, thrown: unknown): void {
    const assigned = this.#assigned?.partitions.get(partition.source);
    if (assigned?.loaded === partition) this.#failed(assigned, thrown, true);
  }

  /** Checks whether other instances have caught up too, and reports that once. */
  async look(): Promise<void> {
    if (this.#looking || this.#reported || !this.caughtUp) return;
    this.#looking = true;
    const assigned = this.#assigned;
    try {
      if (!(await this.#allCaughtUp()) || assigned !== this.#assigned) return;
      const [first] = assigned?.partitions.keys() ?? [];
      if (first !== undefined) await this.subscription.onCaughtUp?.({ source: first, at: FEED_START });
      this.#reported = true;
      this.#hasCaughtUp = true;
    } catch (error) {
      if (assigned === this.#assigned) this.report(error);
    } finally {
      this.#looking = false;
    }
  }

  async lag(): Promise<FeedLag> {
    const assigned = this.#assigned;
    if (!assigned) throw new Error(`${this.subscription.consumer} has not joined its group yet.`);
    const found = await this.#offsets();
    const now = Date.now();
    let events = 0;
    let oldest = now;
    for (const [source, { loaded: partition }] of assigned.partitions) {
      if (!partition) throw this.lastError ?? new Error(`${source} is not loaded yet.`);
      partition.high = found.get(partition.source)?.high ?? 0;
      if (partition.caughtUp) continue;
      events += partition.high - partition.next;
      partition.waitsSince ??= now;
      oldest = Math.min(oldest, partition.waitsSince);
    }
    return { events, seconds: Math.max(0, now - oldest) / 1_000 };
  }

  /** Loads the bookmarks and fetches from there. Retries after an error. */
  async reload(partitions: readonly Assigned[] = this.#all): Promise<void> {
    const assigned = this.#assigned;
    if (!assigned) return;
    const { consumer, checkpoints, deadLetter } = this.subscription;
    const { dataSource, table } = checkpoints;
    const reading = { deadLetters: deadLetter !== undefined, journal: assigned.journal };
    try {
      const [found, stored] = await Promise.all([this.#offsets(), loadBookmarks(dataSource, table, consumer)]);
      if (assigned !== this.#assigned) return;
      const added = new Map<string, number>();
      const loaded: [Assigned, Partition][] = [];
      for (const each of partitions) {
        const source = sourceOf(each);
        const [offsets, bookmark] = [found.get(source) ?? { low: 0, high: 0 }, stored.of(source)];
        try {
          loaded.push([each, new Partition(each, bookmark, offsets, stored.feedAgeMs, reading)]);
          if (!bookmark) added.set(source, offsets.low);
        } catch (error) {
          this.#failed(each, error, false);
        }
      }
      await addBookmarks(dataSource, table, consumer, added);
      if (assigned !== this.#assigned) return;
      if (added.size > 0) this.#reported = false;
      for (const [each, partition] of loaded) {
        each.loaded = partition;
        this.seek(partition);
        assigned.consumer.resume(this.#withPrefix(each));
        if (partition.caughtUp) recovered(each);
      }
    } catch (error) {
      if (assigned !== this.#assigned) return;
      for (const each of partitions) this.#failed(each, kafkaError(error, this.settings.kafka), false);
    }
  }

  /** `handled`: handling failed, not only loading. */
  #failed(assigned: Assigned, thrown: unknown, handled: boolean): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { retryFirstMs, retryLongestMs, gapHaltsAfterMs } = this.settings;
    const backoff = () => new Backoff(retryFirstMs, retryLongestMs);
    const failure = (assigned.failure ??= { error: null, attempts: 0, gap: null, backoff: backoff() });
    if (error instanceof EventsMissing) {
      const { eventId } = error.event;
      if (failure.gap?.eventId !== eventId) failure.gap = { eventId, since: performance.now() };
      failure.error = performance.now() - failure.gap.since < gapHaltsAfterMs ? null : this.report(error);
    } else {
      failure.gap = null;
      failure.attempts += handled ? 1 : 0;
      failure.error = this.report(error);
    }
    clearTimeout(failure.retry);
    failure.retry = setTimeout(() => void this.reload([assigned]), failure.backoff.nextMs());
    try {
      this.#assigned?.consumer.pause(this.#withPrefix(assigned));
    } catch {
      // This process has left the group: nothing to pause, and a new assignment follows.
    }
  }

  /** Other instances' partitions are judged by their stored bookmarks. */
  async #allCaughtUp(): Promise<boolean> {
    const { consumer, checkpoints } = this.subscription;
    const [found, stored] = await Promise.all([
      this.#offsets(),
      loadBookmarks(checkpoints.dataSource, checkpoints.table, consumer),
    ]);
    for (const [source, { low, high }] of found) {
      const own = this.#assigned?.partitions.get(source)?.loaded;
      if (!(own?.caughtUp ?? (low === high || (stored.of(source)?.offset ?? 0) >= high))) return false;
    }
    return true;
  }

  /** Offsets of all partitions of the consumer, by `sourceOf`, also those of other instances. */
  #offsets(): Promise<ReadonlyMap<string, PartitionOffsets>> {
    return withAdmin(this.settings.kafka, async (admin) => {
      const found = new Map<string, PartitionOffsets>();
      for (const topic of this.subscription.topics)
        for (const offsets of await topicOffsets(admin, this.settings.topicPrefix + topic))
          found.set(sourceOf({ topic, partition: offsets.partition }), offsets);
      return found;
    });
  }

  seek({ topic, partition, next }: Partition): void {
    this.#assigned?.consumer.seek({ topic: this.settings.topicPrefix + topic, partition, offset: String(next) });
  }

  #withPrefix({ topic, partition }: PartitionName): { topic: string; partitions: number[] }[] {
    return [{ topic: this.settings.topicPrefix + topic, partitions: [partition] }];
  }
}

function isHalted(failure: Failure | null): boolean {
  if (!failure?.error) return false;
  return failure.gap !== null || isPermanent(failure.error) || failure.attempts >= HALTED_AFTER_ATTEMPTS;
}

function recovered(assigned: Assigned): void {
  clearTimeout(assigned.failure?.retry);
  assigned.failure = null;
}
