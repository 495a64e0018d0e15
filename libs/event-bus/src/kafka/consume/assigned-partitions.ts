import { endsWithin } from '@postern/async';
import type { Topic } from '@postern/contracts';
import { addBookmarks, FEED_START, loadBookmarks } from '@postern/event-store';
import type { Consumer } from 'kafkajs';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import type { SessionEvents, SessionSettings } from './consumer-settings.js';
import { assertNoneDeleted, Partition, sourceOf, type PartitionName } from './partition.js';
import { PartitionRetries } from './partition-retries.js';
import type { TopicOffsets } from './topic-offsets.js';

/** A batch that comes before its partition is loaded waits so long for that, and then comes again. */
const LOAD_WAIT_MS = 1_000;
const NO_MESSAGES = { low: 0, high: 0 };

/** The partitions that this member of the group holds: loaded from the database at each join, and after each failure. */
export class AssignedPartitions {
  readonly #partitions = new Map<string, Partition>();
  readonly #retries: PartitionRetries;
  #names: readonly PartitionName[] = [];
  /** Null until the group was joined. */
  #loading: Promise<void> | null = null;
  /** Counts the joins: what an earlier one began is void. */
  #join = 0;
  #looking = false;
  /** `onCaughtUp` was called since the bookmarks were loaded last. */
  #reported = false;
  #closed = false;

  constructor(
    private readonly consumer: Consumer,
    private readonly offsets: TopicOffsets,
    private readonly subscription: Subscription,
    private readonly settings: SessionSettings,
    private readonly events: SessionEvents,
  ) {
    this.#retries = new PartitionRetries(settings, (name) => void this.#load([name]));
  }

  get lastError(): Error | null {
    return this.#retries.lastError;
  }

  get caughtUp(): boolean {
    return this.#loading !== null && this.#names.every((name) => this.#partitions.get(sourceOf(name))?.caughtUp);
  }

  halted(topic: Topic): number {
    return this.#names.filter((name) => name.topic === topic && this.#retries.halts(name)).length;
  }

  /** The group gave these partitions to this member. By their names with the prefix. */
  assign(partitions: Readonly<Record<string, readonly number[]>>): void {
    this.#join += 1;
    this.#retries.clear();
    this.#partitions.clear();
    this.#names = Object.entries(partitions).flatMap(([name, ids]) =>
      ids.map((partition) => ({ topic: name.slice(this.settings.topicPrefix.length) as Topic, partition })),
    );
    this.#loading = this.#load(this.#names);
  }

  /** Everything again: somebody has removed a bookmark. */
  async reload(): Promise<void> {
    await this.#load(this.#names);
  }

  async find(name: PartitionName): Promise<Partition | undefined> {
    const source = sourceOf(name);
    if (!this.#partitions.has(source) && this.#loading) await endsWithin(this.#loading, LOAD_WAIT_MS);
    return this.#partitions.get(source);
  }

  holds(partition: Partition): boolean {
    return this.#partitions.get(partition.source) === partition;
  }

  async lookAgain(partition: Partition, what: 'seek' | 'load'): Promise<void> {
    if (what === 'load') await this.#load([partition]);
    else this.#seek(partition);
  }

  succeeded(partition: Partition): void {
    this.#retries.succeeded(partition);
  }

  /** Its messages could not be handled: nothing more is fetched of the partition for a while. Then it is loaded and tried again. */
  failed(partition: Partition, thrown: unknown): void {
    this.#failed(partition, thrown, true);
  }

  /** Finds out whether all has been handled, by other instances too, and reports it once. */
  async look(): Promise<void> {
    if (this.#looking || this.#closed || this.#reported || !this.caughtUp) return;
    this.#looking = true;
    try {
      if (!(await this.#allCaughtUp())) return;
      const [first] = this.#partitions.keys();
      if (first !== undefined) await this.subscription.onCaughtUp?.({ source: first, at: FEED_START });
      this.#reported = true;
      this.events.caughtUp();
    } catch (error) {
      if (!this.#closed) this.events.failed(this.settings.explain(error));
    } finally {
      this.#looking = false;
    }
  }

  async lag(): Promise<SubscriptionLag> {
    if (this.#loading === null) throw new Error(`${this.subscription.consumer} has not joined its group yet.`);
    const found = await this.offsets.load();
    const now = Date.now();
    let events = 0;
    let oldest = now;
    for (const name of this.#names) {
      const partition = this.#partitions.get(sourceOf(name));
      if (!partition) throw this.lastError ?? new Error(`${sourceOf(name)} is not loaded yet.`);
      partition.high = found.get(partition.source)?.high ?? 0;
      if (partition.caughtUp) continue;
      events += partition.high - partition.next;
      partition.waitsSince ??= now;
      oldest = Math.min(oldest, partition.waitsSince);
    }
    return { events, seconds: Math.max(0, now - oldest) / 1_000 };
  }

  close(): void {
    this.#closed = true;
    this.#join += 1;
    this.#retries.clear();
  }

  /** Looks up the bookmarks, and has the partitions fetched from there; tried again where that fails. */
  async #load(names: readonly PartitionName[]): Promise<void> {
    const join = this.#join;
    const { consumer, checkpoints, park } = this.subscription;
    try {
      const [found, stored] = await Promise.all([
        this.offsets.load(),
        loadBookmarks(checkpoints.dataSource, checkpoints.table, consumer),
      ]);
      if (join !== this.#join) return;
      const added = new Map<string, number>();
      const loaded: Partition[] = [];
      for (const name of names) {
        const source = sourceOf(name);
        const [marks, bookmark] = [found.get(source) ?? NO_MESSAGES, stored.of(source)];
        try {
          assertNoneDeleted(name, bookmark, marks, stored.feedAgeMs);
        } catch (error) {
          this.#failed(name, error, false);
          continue;
        }
        if (!bookmark) added.set(source, marks.low);
        const reading = { deadLetters: park !== undefined, journal: this.settings.journal };
        loaded.push(new Partition(name, bookmark, marks, reading));
      }
      await addBookmarks(checkpoints.dataSource, checkpoints.table, consumer, added);
      if (join !== this.#join) return;
      if (added.size > 0) this.#reported = false;
      for (const partition of loaded) {
        this.#partitions.set(partition.source, partition);
        this.#seek(partition);
        this.consumer.resume(this.#withPrefix(partition));
        if (partition.caughtUp) this.#retries.succeeded(partition);
      }
    } catch (error) {
      if (join !== this.#join) return;
      for (const name of names) this.#failed(name, this.settings.explain(error), false);
    }
  }

  #failed({ topic, partition }: PartitionName, thrown: unknown, handled: boolean): void {
    if (this.#closed) return;
    const name = { topic, partition };
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#retries.failed(name, error, handled, (reported) => this.events.failed(reported));
    try {
      this.consumer.pause(this.#withPrefix(name));
    } catch {
      // It is no member of the group any more: there is nothing to pause, and another session follows.
    }
  }

  async #allCaughtUp(): Promise<boolean> {
    const { consumer, checkpoints } = this.subscription;
    const [found, stored] = await Promise.all([
      this.offsets.load(),
      loadBookmarks(checkpoints.dataSource, checkpoints.table, consumer),
    ]);
    for (const [source, { low, high }] of found) {
      const own = this.#partitions.get(source);
      if (own) own.high = high;
      if (!(own?.caughtUp ?? (low === high || (stored.of(source)?.offset ?? 0) >= high))) return false;
    }
    return true;
  }

  #seek({ topic, partition, next }: Partition): void {
    this.consumer.seek({ topic: this.settings.topicPrefix + topic, partition, offset: String(next) });
  }

  #withPrefix({ topic, partition }: PartitionName): { topic: string; partitions: number[] }[] {
    return [{ topic: this.settings.topicPrefix + topic, partitions: [partition] }];
  }
}
