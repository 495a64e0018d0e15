import type { Topic } from '@postern/contracts';
import { FEED_START, loadPartitionCheckpoints, samePosition } from '@postern/event-store';
import type { Admin, Consumer } from 'kafkajs';
import { Backoff } from '../../backoff.js';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import { HALTED_AFTER_ATTEMPTS } from '../../halted.js';
import { partitionsWrong } from '../topics/ensure-topics.js';
import { PartitionsChanged } from './partition-errors.js';
import { Partition, type Watermarks } from './partition.js';
import type { SessionEvents, SessionSettings } from './consumer-settings.js';

/** A batch that comes before its partition is loaded waits so long for that, and then comes again. */
const LOAD_WAIT_MS = 1_000;

/** Of the errors of a partition. */
const NEVER_PASSES: ReadonlySet<string> = new Set([
  'PartitionHalted',
  'EventsNotInTopic',
  'TopicOfAnotherJournal',
  'EventNotInJournal',
  'PartitionsChanged',
  'TopicSettingsWrong',
]);

interface Place {
  readonly topic: Topic;
  readonly partition: number;
}

/** The partitions that this member of the group holds: loaded from the database at each join, and after each failure. */
export class Assignment {
  readonly #partitions = new Map<string, Partition>();
  readonly #errors = new Map<string, Error>();
  /** How often in a row a partition was handled in vain. */
  readonly #vain = new Map<string, number>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Of which nobody was told that they have caught up. */
  readonly #untold = new Set<string>();
  #places: readonly Place[] = [];
  /** Null until the group was joined. */
  #loading: Promise<void> | null = null;
  /** Counts the joins: what an earlier one began is void. */
  #join = 0;
  #looking = false;
  #told = false;
  #closed = false;

  constructor(
    private readonly admin: Admin,
    private readonly consumer: Consumer,
    private readonly groupId: string,
    private readonly subscription: Subscription,
    private readonly settings: SessionSettings,
    private readonly events: SessionEvents,
  ) {}

  get lastError(): Error | null {
    return this.#errors.values().next().value ?? null;
  }

  get caughtUp(): boolean {
    return this.#loading !== null && this.#places.every((place) => this.#partitions.get(sourceOf(place))?.caughtUp);
  }

  haltedPartitions(topic: Topic): number {
    const halted = ({ partition }: Place) => {
      const source = sourceOf({ topic, partition });
      const error = this.#errors.get(source);
      if (error === undefined) return false;
      return NEVER_PASSES.has(error.name) || (this.#vain.get(source) ?? 0) >= HALTED_AFTER_ATTEMPTS;
    };
    return this.#places.filter((place) => place.topic === topic && halted(place)).length;
  }

  /** The group gave these partitions to this member. By their names with the prefix. */
  assign(partitions: Readonly<Record<string, readonly number[]>>): void {
    this.#join += 1;
    this.#clear();
    this.#places = Object.entries(partitions).flatMap(([name, ids]) =>
      ids.map((partition) => ({ topic: name.slice(this.settings.topicPrefix.length) as Topic, partition })),
    );
    this.#loading = this.#load(this.#places);
  }

  /** Everything again: another instance, or somebody else, has moved a checkpoint. */
  async reload(): Promise<void> {
    await this.#load(this.#places);
  }

  async find(topic: Topic, partition: number): Promise<Partition | undefined> {
    const source = sourceOf({ topic, partition });
    if (!this.#partitions.has(source)) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((done) => (timer = setTimeout(done, LOAD_WAIT_MS)));
      await Promise.race([this.#loading, late]);
      clearTimeout(timer);
    }
    return this.#partitions.get(source);
  }

  holds(partition: Partition): boolean {
    return this.#partitions.get(partition.source) === partition;
  }

  async lookAgain(partition: Partition, what: 'seek' | 'load'): Promise<void> {
    if (what === 'load') await this.#load([partition]);
    else this.#seek(partition);
  }

  succeeded({ source }: Partition): void {
    this.#errors.delete(source);
    this.#vain.delete(source);
    this.#backoffs.get(source)?.reset();
  }

  handledInVain({ topic, partition, source }: Partition, thrown: unknown): void {
    this.#vain.set(source, (this.#vain.get(source) ?? 0) + 1);
    this.failed(topic, partition, thrown);
  }

  /** Nothing more is fetched of the partition for a while; then it is loaded and tried again. */
  failed(topic: Topic, partition: number, thrown: unknown): void {
    if (this.#closed) return;
    const place = { topic, partition };
    const source = sourceOf(place);
    const error = this.events.failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
    this.#errors.set(source, error);
    this.#pause(place);
    const { retryFirstMs, retryLongestMs } = this.settings;
    const backoff = this.#backoffs.get(source) ?? new Backoff(retryFirstMs, retryLongestMs);
    this.#backoffs.set(source, backoff);
    clearTimeout(this.#timers.get(source));
    this.#timers.set(
      source,
      setTimeout(() => void this.#load([place]), backoff.nextMs()),
    );
  }

  /** Finds out whether all has been handled, and tells it once; also what the partitions have that brought no message. */
  async look(): Promise<void> {
    if (this.#looking || this.#closed || (this.#told && this.#untold.size === 0) || !this.caughtUp) return;
    this.#looking = true;
    try {
      if (!(await this.#allCaughtUp())) return;
      const [source] = this.#untold;
      const partition = source === undefined ? undefined : this.#partitions.get(source);
      if (partition) await this.subscription.onCaughtUp?.({ source: partition.source, at: partition.stored.position });
      this.#untold.clear();
      this.#told = true;
      this.events.caughtUp();
    } catch (error) {
      this.events.failed(this.settings.explain(error));
    } finally {
      this.#looking = false;
    }
  }

  async lag(): Promise<SubscriptionLag> {
    if (this.#loading === null) throw new Error(`${this.subscription.consumer} has not joined its group yet.`);
    const marks = await this.#watermarks();
    const now = Date.now();
    let events = 0;
    let oldest = now;
    for (const place of this.#places) {
      const partition = this.#partitions.get(sourceOf(place));
      if (!partition) throw this.lastError ?? new Error(`${sourceOf(place)} is not loaded yet.`);
      partition.high = marks(place).high;
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
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#partitions.clear();
    this.#errors.clear();
    this.#vain.clear();
    this.#untold.clear();
  }

  /** Looks up where the partitions stand, and has them fetched from there; tried again where that fails. */
  async #load(places: readonly Place[]): Promise<void> {
    const join = this.#join;
    const { checkpoints, consumer } = this.subscription;
    try {
      const [stored, marks] = await Promise.all([
        loadPartitionCheckpoints(checkpoints.dataSource, checkpoints.table, consumer),
        this.#watermarks(),
      ]);
      if (join !== this.#join) return;
      const { partitions } = this.settings;
      if (stored.partitions !== null && stored.partitions !== partitions)
        throw new PartitionsChanged(consumer, stored.partitions, partitions);
      for (const place of places) {
        const source = sourceOf(place);
        this.#untold.add(source);
        try {
          const reading = { parks: this.subscription.park !== undefined, journal: this.settings.journal };
          const partition = new Partition(place.topic, place.partition, stored.of(source), marks(place), reading);
          this.#partitions.set(source, partition);
          this.#seek(partition);
          this.#resume(place);
          if (partition.caughtUp) this.#errors.delete(source);
        } catch (error) {
          this.failed(place.topic, place.partition, error);
        }
      }
    } catch (error) {
      if (join !== this.#join) return;
      for (const place of places) this.failed(place.topic, place.partition, this.settings.explain(error));
    }
  }

  #seek({ topic, partition, next }: Partition): void {
    this.consumer.seek({ topic: this.#name(topic), partition, offset: String(next) });
  }

  #pause({ topic, partition }: Place): void {
    try {
      this.consumer.pause([{ topic: this.#name(topic), partitions: [partition] }]);
    } catch {
      // It is no member of the group any more: there is nothing to pause, and another session follows.
    }
  }

  #resume({ topic, partition }: Place): void {
    this.consumer.resume([{ topic: this.#name(topic), partitions: [partition] }]);
  }

  #name(topic: Topic): string {
    return this.settings.topicPrefix + topic;
  }

  /** All partitions of all topics, those of other instances too. */
  async #allCaughtUp(): Promise<boolean> {
    const { checkpoints, consumer, topics } = this.subscription;
    const names = topics.map((topic) => this.#name(topic));
    const [stored, marks, told] = await Promise.all([
      loadPartitionCheckpoints(checkpoints.dataSource, checkpoints.table, consumer),
      this.#watermarks(),
      this.admin.fetchOffsets({ groupId: this.groupId, topics: names }),
    ]);
    for (const { topic, partitions } of told) {
      for (const { partition, offset } of partitions) {
        const place = { topic: topic.slice(this.settings.topicPrefix.length) as Topic, partition };
        const { low, high } = marks(place);
        const own = this.#partitions.get(sourceOf(place));
        if (own) own.high = high;
        if (own ? own.caughtUp : low === high) continue;
        const checkpoint = stored.of(sourceOf(place));
        const anything = checkpoint.offset !== null || !samePosition(checkpoint.position, FEED_START);
        // Behind the last that was applied there may be repeats: the group's offset tells that they were passed.
        if (!anything || Math.max(checkpoint.offset ?? 0, Number(offset)) < high) return false;
      }
    }
    return true;
  }

  async #watermarks(): Promise<(place: Place) => Watermarks> {
    const found = new Map<string, Watermarks>();
    const { partitions: wanted } = this.settings;
    for (const topic of this.subscription.topics) {
      const offsets = await this.admin.fetchTopicOffsets(this.#name(topic));
      // Somebody has added some while this ran: new events of a key come on another partition than its old ones.
      if (offsets.length !== wanted) throw partitionsWrong(this.#name(topic), offsets.length, wanted);
      for (const { partition, low, high } of offsets) {
        found.set(sourceOf({ topic, partition }), { low: Number(low), high: Number(high) });
      }
    }
    return (place) => found.get(sourceOf(place)) ?? { low: 0, high: 0 };
  }
}

function sourceOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}
