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

/** Clocks of the database and of the brokers may be apart by so much. */
const CLOCKS_APART_MS = 24 * 3_600_000;

export interface PartitionName {
  readonly topic: Topic;
  readonly partition: number;
}

/** The partition's name among a consumer's checkpoints. */
export function sourceOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

const REFILL = 'fill the topic again from the journal with `postern republish`';
const REBUILD = 'make the read model again from the journal with `postern rebuild`';

/** How the messages of a partition are read. */
export interface Reading {
  /** What is unreadable becomes a dead letter; else it halts the partition. */
  readonly deadLetters: boolean;
  /** The one of the database in which they take effect. */
  readonly journal: JournalId;
}

/** Messages of a partition that are handled in one transaction. */
export interface Slice {
  readonly events: readonly Recorded[];
  /** Of the events, one each. */
  readonly offsets: readonly number[];
  readonly unreadable: readonly UnreadableMessage[];
  /** Behind the last message; null where there is none. */
  readonly end: Bookmark | null;
  /** Why the message at the end can't be passed. */
  readonly halt: PartitionHalted | TopicOfAnotherJournal | null;
}

/**
 * Where a consumer begins in a partition. `checks`: the message there is the last that it handled, if the topic is still the one
 * in which the bookmark was made; if not, the partition is read from its beginning, and what was applied is skipped by its version.
 */
export function beginning(
  bookmark: Bookmark | undefined,
  { low, high }: Watermarks,
): { readonly offset: number; readonly checks: boolean } {
  const last = (bookmark?.offset ?? 0) - 1;
  return last >= low && last < high ? { offset: last, checks: true } : { offset: low, checks: false };
}

/**
 * Throws `MessagesDeleted` where messages were deleted before the consumer had handled them: time deletes denials. Without a bookmark
 * none was missed if the consumer's checkpoint on the feed was moved `feedAgeMs` ago, by a rebuild, when the topic still had all that is newer.
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
  const rebuilt = !bookmark && kept !== null && feedAgeMs !== null && feedAgeMs < kept - CLOCKS_APART_MS;
  if (!rebuilt)
    throw new MessagesDeleted({ ...name, offset }, low, kept === null ? REFILL : `${REBUILD}, or ${REFILL}`);
}

/** A partition that is read: which message is next, and what those that come are. */
export class Partition {
  readonly topic: Topic;
  readonly partition: number;
  /** The next offset that is expected. */
  next: number;
  /** The offset of the bookmark as this member stored or found it. */
  stored: number;
  high: number;
  /** When the oldest message that is not handled was sent, in ms since 1970; null where none is known. */
  waitsSince: number | null = null;
  /** The next message is one that was handled; it shows whether the topic is still the same. */
  #checks: boolean;
  /** Nothing was read yet: a message further on than expected then only shows that there is none between. */
  #new = true;

  /** Throws `MessagesDeleted`. */
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

  /**
   * Judges the first message of what was fetched. `seek`: fetch again at `next`, for the topic is not the one in which the
   * bookmark was made. `load`: what was fetched is not what was asked for, so the bookmark and the topic must be looked at again.
   * Throws `TopicOfAnotherJournal`.
   */
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

  /** The next messages, up to `most`. */
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

  /** Null for what becomes a dead letter: a topic that was filled from the journal again has none. */
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
      return decodeEvent({ topic, key, value }, this.reading.journal).event;
    } catch (error) {
      if (error instanceof MessageOfAnotherJournal)
        return new TopicOfAnotherJournal({ topic, partition, offset: Number(offset) }, error);
      if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return error;
      throw error;
    }
  }
}
