import { endsWithin } from '@postern/async';
import type { Topic } from '@postern/contracts';
import type { Admin, Kafka } from 'kafkajs';
import { onceLed } from '../client/once-led.js';
import { sourceOf, type PartitionName, type Watermarks } from './partition.js';

/** Who still asks the brokers is waited for so long. */
const CLOSE_WITHIN_MS = 1_000;

/** Where the partitions of a consumer's topics begin and end, by the brokers: those of other instances too. */
export class TopicOffsets {
  readonly #admin: Admin;
  /** kafkajs connects again for whoever asks behind a disconnect, and forgets that connection. */
  readonly #asking = new Set<Promise<unknown>>();
  #closed = false;

  constructor(
    kafka: Kafka,
    private readonly topics: readonly Topic[],
    private readonly topicPrefix: string,
  ) {
    this.#admin = kafka.admin();
  }

  async open(): Promise<void> {
    await this.#admin.connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const asked = Promise.allSettled(this.#asking);
    await endsWithin(asked, CLOSE_WITHIN_MS);
    await this.#disconnect();
    void asked.then(() => this.#disconnect());
  }

  /** By `sourceOf` the partition. An admin asks for a topic's partitions each time, so those that were added are among them. */
  async load(): Promise<ReadonlyMap<string, PartitionName & Watermarks>> {
    const found = new Map<string, PartitionName & Watermarks>();
    for (const topic of this.topics) {
      const offsets = await onceLed(() => this.#ask((admin) => admin.fetchTopicOffsets(this.topicPrefix + topic)));
      for (const { partition, low, high } of offsets)
        found.set(sourceOf({ topic, partition }), { topic, partition, low: Number(low), high: Number(high) });
    }
    return found;
  }

  async #ask<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('The consumer has left its group.');
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
