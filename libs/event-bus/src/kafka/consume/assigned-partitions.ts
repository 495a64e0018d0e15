import { endsWithin } from '@postern/async';
import type { JournalId, Topic } from '@postern/contracts';
import { addBookmarks, FEED_START, loadBookmarks } from '@postern/event-store';
import type { Consumer } from 'kafkajs';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import { kafkaError } from '../client/kafka-errors.js';
import { withAdmin, topicOffsets, type PartitionOffsets } from '../topics/read-topics.js';
import { Partition, sourceOf, type PartitionName } from './partition.js';
import { PartitionRetries } from './partition-retries.js';
import type { ConsumerSettings } from './group-member.js';

/** A batch of a partition that is not loaded yet waits this long, and is then fetched again. */
const LOAD_WAIT_MS = 1_000;

interface Assignment {
  readonly consumer: Consumer;
  readonly journal: JournalId;
  readonly names: readonly PartitionName[];
  readonly partitions: Map<string, Partition>;
}

/** The partitions that this process reads, loaded from the database at each join and after each failure. */
export class AssignedPartitions {
  readonly #retries: PartitionRetries;
  /** Null if this process is not a member of the group. Work for an earlier assignment is void. */
  #assigned: Assignment | null = null;
  #loading: Promise<void> = Promise.resolve();
  #looking = false;
  #reported = false;
  #hasCaughtUp = false;

  constructor(
    private readonly subscription: Subscription,
    private readonly settings: ConsumerSettings,
    private readonly report: (error: unknown) => Error,
  ) {
    this.#retries = new PartitionRetries(settings, (name) => void this.#load([name]));
  }

  get lastError(): Error | null {
    return this.#retries.lastError;
  }

  get caughtUp(): boolean {
    const assigned = this.#assigned;
    return assigned !== null && assigned.names.every((name) => assigned.partitions.get(sourceOf(name))?.caughtUp);
  }

  /** All partitions of the consumer had caught up at some time, also those of other instances. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  halted(topic: Topic): number {
    return this.#assigned?.names.filter((name) => name.topic === topic && this.#retries.halts(name)).length ?? 0;
  }

  /** @param byTopic partition numbers by the topics' full names. */
  assign(consumer: Consumer, journal: JournalId, byTopic: Readonly<Record<string, readonly number[]>>): void {
    this.release();
    const names = Object.entries(byTopic).flatMap(([name, ids]) =>
      ids.map((partition) => ({ topic: name.slice(this.settings.topicPrefix.length) as Topic, partition })),
    );
    this.#assigned = { consumer, journal, names, partitions: new Map() };
    this.#loading = this.#load(names);
  }

  release(): void {
    this.#assigned = null;
    this.#retries.clear();
  }

  async find(name: PartitionName): Promise<Partition | undefined> {
    const source = sourceOf(name);
    if (!this.#assigned?.partitions.has(source)) await endsWithin(this.#loading, LOAD_WAIT_MS);
    return this.#assigned?.partitions.get(source);
  }

  holds(partition: Partition): boolean {
    return this.#assigned?.partitions.get(partition.source) === partition;
  }

  async reload(names: readonly PartitionName[] = this.#assigned?.names ?? []): Promise<void> {
    await this.#load(names);
  }

  succeeded(partition: Partition): void {
    this.#retries.succeeded(partition);
  }

  /** Handling failed: fetch nothing of the partition for a while, then load it and try again. */
  failed(partition: Partition, thrown: unknown): void {
    this.#failed(partition, thrown, true);
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

  async lag(): Promise<SubscriptionLag> {
    const assigned = this.#assigned;
    if (!assigned) throw new Error(`${this.subscription.consumer} has not joined its group yet.`);
    const found = await this.#offsets();
    const now = Date.now();
    let events = 0;
    let oldest = now;
    for (const name of assigned.names) {
      const partition = assigned.partitions.get(sourceOf(name));
      if (!partition) throw this.lastError ?? new Error(`${sourceOf(name)} is not loaded yet.`);
      partition.high = found.get(partition.source)?.high ?? 0;
      if (partition.caughtUp) continue;
      events += partition.high - partition.next;
      partition.waitsSince ??= now;
      oldest = Math.min(oldest, partition.waitsSince);
    }
    return { events, seconds: Math.max(0, now - oldest) / 1_000 };
  }

  /** Loads the bookmarks and fetches from there. Retries after an error. */
  async #load(names: readonly PartitionName[]): Promise<void> {
    const assigned = this.#assigned;
    if (!assigned) return;
    const { consumer, checkpoints, deadLetter } = this.subscription;
    const { dataSource, table } = checkpoints;
    const reading = { deadLetters: deadLetter !== undefined, journal: assigned.journal };
    try {
      const [found, stored] = await Promise.all([this.#offsets(), loadBookmarks(dataSource, table, consumer)]);
      if (assigned !== this.#assigned) return;
      const added = new Map<string, number>();
      const loaded: Partition[] = [];
      for (const name of names) {
        const source = sourceOf(name);
        const [offsets, bookmark] = [found.get(source) ?? { low: 0, high: 0 }, stored.of(source)];
        try {
          loaded.push(new Partition(name, bookmark, offsets, stored.feedAgeMs, reading));
          if (!bookmark) added.set(source, offsets.low);
        } catch (error) {
          this.#failed(name, error, false);
        }
      }
      await addBookmarks(dataSource, table, consumer, added);
      if (assigned !== this.#assigned) return;
      if (added.size > 0) this.#reported = false;
      for (const partition of loaded) {
        assigned.partitions.set(partition.source, partition);
        this.seek(partition);
        assigned.consumer.resume(this.#withPrefix(partition));
        if (partition.caughtUp) this.#retries.succeeded(partition);
      }
    } catch (error) {
      if (assigned !== this.#assigned) return;
      for (const name of names) this.#failed(name, kafkaError(error, this.settings.kafka), false);
    }
  }

  #failed({ topic, partition }: PartitionName, thrown: unknown, handled: boolean): void {
    if (!this.#assigned) return;
    const name = { topic, partition };
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#retries.failed(name, error, handled, this.report);
    try {
      this.#assigned.consumer.pause(this.#withPrefix(name));
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
      const own = this.#assigned?.partitions.get(source);
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
