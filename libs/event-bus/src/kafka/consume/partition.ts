import {
  decodeEvent,
  EventNewerThanProgram,
  MessageOfAnotherJournal,
  MessageUnreadable,
  type JournalId,
  type Recorded,
  type Topic,
} from '@postern/contracts';
import type { Bookmark } from '@postern/event-store';
import type { KafkaMessage } from 'kafkajs';
import type { UnreadableMessage } from '../../event-bus.js';
import { MessagesDeleted, PartitionHalted, TopicOfAnotherJournal } from '../topics/topic-errors.js';
import type { PartitionOffsets } from '../topics/read-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';

type Watermarks = Pick<PartitionOffsets, 'low' | 'high'>;

const MAX_CLOCK_SKEW_MS = 24 * 3_600_000;

export interface PartitionName {
  readonly topic: Topic;
  readonly partition: number;
}

export function sourceOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

const REFILL = 'fill the topic again from the journal with `postern republish`';
const REBUILD = 'rebuild the read model from the journal with `postern rebuild`';

export interface Reading {
  /** An unreadable message becomes a dead letter; otherwise it halts the partition. */
  readonly deadLetters: boolean;
  /** The journal of the database in which the events take effect. */
  readonly journal: JournalId;
}

export interface Slice {
  readonly events: readonly Recorded[];
  readonly offsets: readonly number[];
  readonly unreadable: readonly UnreadableMessage[];
  readonly end: Bookmark | null;
  readonly halt: PartitionHalted | TopicOfAnotherJournal | null;
}

/**
 * Where a consumer starts. `checks`: it reads the last handled message again, to see whether this is still the bookmark's topic. If not, it reads
 * the partition from its beginning, and skips applied events by version.
 */
export function beginning(
  bookmark: Bookmark | undefined,
  { low, high }: Watermarks,
): { readonly offset: number; readonly checks: boolean } {
  const last = (bookmark?.offset ?? 0) - 1;
  return last >= low && last < high ? { offset: last, checks: true } : { offset: low, checks: false };
}

/**
 * @throws `MessagesDeleted` if retention deleted messages that the consumer had not handled. Without a bookmark none is
 * missing if a rebuild moved the consumer's feed checkpoint `feedAgeMs` ago and the topic still has everything newer.
 */
export function assertNoneDeleted(
  name: PartitionName,
  bookmark: Bookmark | undefined,
  { low }: Watermarks,
  feedAgeMs: number | null,
): void {
  const offset = bookmark?.offset ?? 0;
  if (low <= offset) return;
  const kept = EVENT_TOPICS.find(({ topic }) => topic === name.topic)?.retentionMs ?? null;
  const rebuilt = !bookmark && kept !== null && feedAgeMs !== null && feedAgeMs < kept - MAX_CLOCK_SKEW_MS;
  if (!rebuilt)
    throw new MessagesDeleted({ ...name, offset }, low, kept === null ? REFILL : `${REBUILD}, or ${REFILL}`);
}

export class Partition {
  readonly topic: Topic;
  readonly partition: number;
  next: number;
  /** The offset of the bookmark as this member last stored or loaded it. */
  stored: number;
  high: number;
  /** When the oldest unhandled message was sent, in ms since 1970; null if unknown. */
  waitsSince: number | null = null;
  /** The next message was handled already. It shows whether the topic is still the same. */
  #checks: boolean;
  /** Nothing was read yet: a higher offset than expected then means only that no message is in between. */
  #new = true;

  /** @throws `MessagesDeleted`. */
  constructor(
    { topic, partition }: PartitionName,
    private readonly bookmark: Bookmark | undefined,
    private readonly marks: Watermarks,
    feedAgeMs: number | null,
    private readonly reading: Reading,
  ) {
    this.topic = topic;
    this.partition = partition;
    assertNoneDeleted(this, bookmark, marks, feedAgeMs);
    this.high = marks.high;
    this.stored = bookmark?.offset ?? marks.low;
    const { offset, checks } = beginning(bookmark, marks);
    this.next = offset;
    this.#checks = checks;
  }

  get source(): string {
    return sourceOf(this);
  }

  get caughtUp(): boolean {
    return this.next + (this.#checks ? 1 : 0) >= this.high;
  }

  /** `seek`: not the topic of the bookmark, so fetch at `next`. `load`: an unexpected offset, so load the bookmark again. @throws `TopicOfAnotherJournal`. */
  judge(first: KafkaMessage): 'read' | 'seek' | 'load' {
    const offset = Number(first.offset);
    if (this.#checks) {
      this.#checks = false;
      const same = offset === this.next && this.#eventIdOf(first) === this.bookmark?.eventId;
      this.next = same ? offset + 1 : this.marks.low;
      return same ? 'read' : 'seek';
    }
    return offset < this.next || (offset > this.next && !this.#new) ? 'load' : 'read';
  }

  slice(messages: readonly KafkaMessage[], most: number): Slice {
    const events: Recorded[] = [];
    const offsets: number[] = [];
    const unreadable: UnreadableMessage[] = [];
    let end: Slice['end'] = null;
    let halt: Slice['halt'] = null;
    this.#new = false;
    for (const message of messages) {
      const offset = Number(message.offset);
      if (offset < this.next) continue;
      if (events.length + unreadable.length >= most) break;
      const read = this.#read(message);
      halt = this.#haltAt(offset, read);
      if (halt) break;
      if (read instanceof Error) {
        const { topic, partition } = this;
        unreadable.push({ topic, partition, offset, key: message.key, value: message.value, reason: read.message });
      } else {
        events.push(read);
        offsets.push(offset);
      }
      end = { offset: offset + 1, eventId: read instanceof Error ? null : read.eventId };
    }
    return { events, offsets, unreadable, end, halt };
  }

  /** Null for a dead letter: a topic that was refilled from the journal has none. */
  #eventIdOf(message: KafkaMessage): string | null | undefined {
    const read = this.#read(message);
    if (read instanceof TopicOfAnotherJournal) throw read;
    if (read instanceof Error) return this.reading.deadLetters ? null : undefined;
    return read.eventId;
  }

  #haltAt(offset: number, read: Recorded | Error): Slice['halt'] {
    if (!(read instanceof Error) || (this.reading.deadLetters && read instanceof MessageUnreadable)) return null;
    if (read instanceof TopicOfAnotherJournal) return read;
    return new PartitionHalted({ topic: this.topic, partition: this.partition, offset }, read);
  }

  #read({
    key,
    value,
    offset,
  }: KafkaMessage): Recorded | MessageUnreadable | EventNewerThanProgram | TopicOfAnotherJournal {
    const { topic, partition } = this;
    try {
      return decodeEvent({ topic, key, value }, this.reading.journal);
    } catch (error) {
      if (error instanceof MessageOfAnotherJournal)
        return new TopicOfAnotherJournal({ topic, partition, offset: Number(offset) }, error);
      if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return error;
      throw error;
    }
  }
}
