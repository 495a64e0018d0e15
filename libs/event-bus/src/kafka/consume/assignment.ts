import type { Topic } from '@postern/contracts';
import type { Consumer } from 'kafkajs';
import type { Subscription, SubscriptionLag } from '../../event-bus.js';
import type { SessionEvents, SessionSettings } from './consumer-settings.js';
import { Partition } from './partition.js';
import { sourceOf, type Place } from './place.js';
import type { Standing } from './standing.js';
import { Troubles } from './troubles.js';

/** A batch that comes before its partition is loaded waits so long for that, and then comes again. */
const LOAD_WAIT_MS = 1_000;

/** The partitions that this member of the group holds: loaded from the database at each join, and after each failure. */
export class Assignment {
  readonly #partitions = new Map<string, Partition>();
  readonly #troubles: Troubles;
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
    private readonly consumer: Consumer,
    private readonly standing: Standing,
    private readonly subscription: Subscription,
    private readonly settings: SessionSettings,
    private readonly events: SessionEvents,
  ) {
    this.#troubles = new Troubles(settings, (place) => void this.#load([place]));
  }

  get lastError(): Error | null {
    return this.#troubles.lastError;
  }

  get caughtUp(): boolean {
    return this.#loading !== null && this.#places.every((place) => this.#partitions.get(sourceOf(place))?.caughtUp);
  }

  haltedPartitions(topic: Topic): number {
    return this.#places.filter((place) => place.topic === topic && this.#troubles.halts(place)).length;
  }

  /** The group gave these partitions to this member. By their names with the prefix. */
  assign(partitions: Readonly<Record<string, readonly number[]>>): void {
    this.#join += 1;
    this.#troubles.clear();
    this.#partitions.clear();
    this.#untold.clear();
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

  succeeded(partition: Partition): void {
    this.#troubles.handled(partition);
  }

  handledInVain(partition: Partition, thrown: unknown): void {
    this.#troubles.handledInVain(partition);
    this.#failed(partition, thrown);
  }

  /** Finds out whether all has been handled, and tells it once; also what the partitions have that brought no message. */
  async look(): Promise<void> {
    if (this.#looking || this.#closed || (this.#told && this.#untold.size === 0) || !this.caughtUp) return;
    this.#looking = true;
    try {
      if (!(await this.standing.allCaughtUp((place, high) => this.#ownCaughtUp(place, high)))) return;
      const [source] = this.#untold;
      const partition = source === undefined ? undefined : this.#partitions.get(source);
      if (partition) await this.subscription.onCaughtUp?.({ source: partition.source, at: partition.stored.position });
      this.#untold.clear();
      this.#told = true;
      this.events.caughtUp();
    } catch (error) {
      if (!this.#closed) this.events.failed(this.settings.explain(error));
    } finally {
      this.#looking = false;
    }
  }

  async lag(): Promise<SubscriptionLag> {
    if (this.#loading === null) throw new Error(`${this.subscription.consumer} has not joined its group yet.`);
    const marks = await this.standing.marks();
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
    this.#troubles.close();
  }

  /** Looks up where the partitions stand, and has them fetched from there; tried again where that fails. */
  async #load(places: readonly Place[]): Promise<void> {
    const join = this.#join;
    try {
      const { stored, marks } = await this.standing.load();
      if (join !== this.#join) return;
      for (const place of places) {
        const source = sourceOf(place);
        this.#untold.add(source);
        try {
          const reading = { parks: this.subscription.park !== undefined, journal: this.settings.journal };
          const partition = new Partition(place.topic, place.partition, stored.of(source), marks(place), reading);
          this.#partitions.set(source, partition);
          this.#seek(partition);
          this.consumer.resume(this.#named(place));
          if (partition.caughtUp) this.#troubles.nothingLeft(place);
        } catch (error) {
          this.#failed(place, error);
        }
      }
    } catch (error) {
      if (join !== this.#join) return;
      for (const place of places) this.#failed(place, this.settings.explain(error));
    }
  }

  /** Nothing more is fetched of the partition for a while; then it is loaded and tried again. */
  #failed({ topic, partition }: Place, thrown: unknown): void {
    if (this.#closed) return;
    const place = { topic, partition };
    this.#troubles.occurred(place, this.events.failed(thrown instanceof Error ? thrown : new Error(String(thrown))));
    try {
      this.consumer.pause(this.#named(place));
    } catch {
      // It is no member of the group any more: there is nothing to pause, and another session follows.
    }
  }

  #ownCaughtUp(place: Place, high: number): boolean | undefined {
    const own = this.#partitions.get(sourceOf(place));
    if (own) own.high = high;
    return own?.caughtUp;
  }

  #seek({ topic, partition, next }: Partition): void {
    this.consumer.seek({ topic: this.settings.topicPrefix + topic, partition, offset: String(next) });
  }

  #named({ topic, partition }: Place): { topic: string; partitions: number[] }[] {
    return [{ topic: this.settings.topicPrefix + topic, partitions: [partition] }];
  }
}
