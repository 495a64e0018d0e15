import type { Topic } from '@postern/contracts';
import { FEED_START, loadPartitionCheckpoints, samePosition, type PartitionCheckpoints } from '@postern/event-store';
import type { Admin, Kafka } from 'kafkajs';
import type { Subscription } from '../../event-bus.js';
import { partitionsWrong } from '../topics/ensure-topics.js';
import type { SessionSettings } from './consumer-settings.js';
import type { Watermarks } from './partition.js';
import { PartitionsChanged } from './partition-errors.js';
import { sourceOf, type Place } from './place.js';

export type MarksOf = (place: Place) => Watermarks;

/** Who still asks the brokers is waited for so long. */
const CLOSE_WITHIN_MS = 1_000;

/** Where a consumer stands by its database, and where its topics end by the brokers: in all partitions, those of other instances too. */
export class Standing {
  readonly #admin: Admin;
  /** kafkajs connects again for whoever asks behind a disconnect, and forgets that connection. */
  readonly #asking = new Set<Promise<unknown>>();
  #closed = false;

  constructor(
    kafka: Kafka,
    private readonly groupId: string,
    private readonly subscription: Subscription,
    private readonly settings: SessionSettings,
  ) {
    this.#admin = kafka.admin();
  }

  async open(): Promise<void> {
    await this.#admin.connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const asked = Promise.allSettled(this.#asking);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([asked, new Promise((done) => (timer = setTimeout(done, CLOSE_WITHIN_MS)))]);
    clearTimeout(timer);
    await this.#disconnect();
    void asked.then(() => this.#disconnect());
  }

  /** Throws `PartitionsChanged`, `TopicSettingsWrong`. */
  async load(): Promise<{ readonly stored: PartitionCheckpoints; readonly marks: MarksOf }> {
    const { consumer } = this.subscription;
    const [stored, marks] = await Promise.all([this.#stored(), this.marks()]);
    const { partitions } = this.settings;
    if (stored.partitions !== null && stored.partitions !== partitions)
      throw new PartitionsChanged(consumer, stored.partitions, partitions);
    return { stored, marks };
  }

  /** Throws `TopicSettingsWrong`. */
  async marks(): Promise<MarksOf> {
    const found = new Map<string, Watermarks>();
    const { partitions: wanted, topicPrefix } = this.settings;
    for (const topic of this.subscription.topics) {
      const name = topicPrefix + topic;
      const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(name));
      // Somebody has added some while this ran: new events of a key come on another partition than its old ones.
      if (offsets.length !== wanted) throw partitionsWrong(name, offsets.length, wanted);
      for (const { partition, low, high } of offsets) {
        found.set(sourceOf({ topic, partition }), { low: Number(low), high: Number(high) });
      }
    }
    return (place) => found.get(sourceOf(place)) ?? { low: 0, high: 0 };
  }

  /** Whether all has been handled. `ownCaughtUp`, told the end of one of its partitions: whether that one was; undefined: it is another instance's. */
  async allCaughtUp(ownCaughtUp: (place: Place, high: number) => boolean | undefined): Promise<boolean> {
    const { topicPrefix } = this.settings;
    const topics = this.subscription.topics.map((topic) => topicPrefix + topic);
    const [stored, marks, told] = await Promise.all([
      this.#stored(),
      this.marks(),
      this.#ask((admin) => admin.fetchOffsets({ groupId: this.groupId, topics })),
    ]);
    for (const { topic, partitions } of told) {
      for (const { partition, offset } of partitions) {
        const place = { topic: topic.slice(topicPrefix.length) as Topic, partition };
        const { low, high } = marks(place);
        if (ownCaughtUp(place, high) ?? low === high) continue;
        const checkpoint = stored.of(sourceOf(place));
        const anything = checkpoint.offset !== null || !samePosition(checkpoint.position, FEED_START);
        // Behind the last that was applied there may be repeats: the group's offset tells that they were passed.
        if (!anything || Math.max(checkpoint.offset ?? 0, Number(offset)) < high) return false;
      }
    }
    return true;
  }

  #stored(): Promise<PartitionCheckpoints> {
    const { checkpoints, consumer } = this.subscription;
    return loadPartitionCheckpoints(checkpoints.dataSource, checkpoints.table, consumer);
  }

  async #ask<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`${this.subscription.consumer} has left its group.`);
    const asking = ask(this.#admin);
    this.#asking.add(asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(asking);
    }
  }

  async #disconnect(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
  }
}
