import { MessageUnreadable, type FeedEvent, type Topic } from '@postern/contracts';
import { FEED_START, isBehind, samePosition, type FeedPosition, type PartitionCheckpoint } from '@postern/event-store';
import type { KafkaMessage } from 'kafkajs';
import type { UnreadableMessage } from '../../event-bus.js';
import { EventNotInJournal, TopicOfAnotherJournal } from '../topics/journal-errors.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { EventsNotInTopic, PartitionHalted } from './partition-errors.js';
import { sourceOf } from './place.js';
import { readMessage, type Reading, type Unread } from './read-message.js';

/** Clocks of the database and of the brokers may be apart by so much. */
const CLOCKS_APART_MS = 24 * 3_600_000;

/** From the first offset that there is to the one that the next message gets. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

/** Messages of a partition that are handled in one transaction, with the checkpoint that stands behind them. */
export interface Slice {
  readonly events: readonly FeedEvent['event'][];
  /** Of the events, one each. */
  readonly offsets: readonly number[];
  readonly unreadable: readonly UnreadableMessage[];
  readonly to: PartitionCheckpoint;
  /** The offset of the last message that was looked at; null: none was. */
  readonly last: number | null;
  /** Why the message behind the slice can't be passed. */
  readonly halt: PartitionHalted | TopicOfAnotherJournal | EventNotInJournal | null;
}

/**
 * Where a consumer stands in one partition, and what of it is new to it. The database's checkpoint decides, never the group's
 * offset: an event is applied if its place in the feed lies behind the last that was. So what was sent twice has no effect, and
 * a topic that was made anew and filled again is passed over up to where the consumer was.
 */
export class Partition {
  /** The next offset that is expected. */
  next: number;
  high: number;
  /** When the oldest message that is not handled was sent, in ms since 1970; null where none is known. */
  waitsSince: number | null = null;
  /** The topic is still to be looked at: is it the one in which the checkpoint was made? */
  #check: 'last applied' | 'beginning' | null;
  #stored: PartitionCheckpoint;
  #notInJournal: EventNotInJournal | null = null;
  /** Nothing was read since it was loaded: a message further on than expected then only tells that none is between. */
  #new = true;

  /** Throws `EventsNotInTopic`. */
  constructor(
    readonly topic: Topic,
    readonly partition: number,
    stored: PartitionCheckpoint,
    private readonly marks: Watermarks,
    private readonly reading: Reading,
  ) {
    const { low, high } = marks;
    this.#stored = stored;
    this.high = high;
    const offset = stored.offset ?? 0;
    if (this.#hasBegun && offset > high && high === low) throw this.#missing('the topic was made anew and is empty');
    if (low > offset && this.#floorCovers(topic)) {
      this.#check = null;
      this.next = low;
      return;
    }
    if (low > offset && (offset > 0 || samePosition(this.#applied, FEED_START))) throw this.#deleted();
    if (offset > high || offset === 0) {
      this.#check = 'beginning';
      this.next = low;
    } else {
      // Where the message before was deleted with its time, the offset itself tells that the topic is the same.
      this.#check = offset > low ? 'last applied' : null;
      this.next = offset > low ? offset - 1 : offset;
    }
  }

  get source(): string {
    return sourceOf(this);
  }

  get stored(): PartitionCheckpoint {
    return this.#stored;
  }

  /** Only what lies behind is new. */
  get #applied(): FeedPosition {
    const { position, floor } = this.#stored;
    return isBehind(floor, position) ? floor : position;
  }

  /** An event of this partition was applied: a topic that is whole holds it. What was put aside need not come again. */
  get #hasBegun(): boolean {
    return !samePosition(this.#stored.position, FEED_START);
  }

  /** What lies behind the floor was sent after it was set, and is not old enough to be deleted yet. */
  #floorCovers(topic: Topic): boolean {
    const kept = EVENT_TOPICS.find((each) => each.topic === topic)?.retentionMs ?? null;
    const { floorAgeMs } = this.#stored;
    return kept !== null && floorAgeMs !== null && floorAgeMs < kept - CLOCKS_APART_MS;
  }

  get caughtUp(): boolean {
    // The last message that was applied is only looked at again.
    return this.next + (this.#check === 'last applied' ? 1 : 0) >= this.high;
  }

  /** Everything up to the checkpoint took effect. */
  applied(to: PartitionCheckpoint): void {
    this.#stored = to;
  }

  /**
   * Judges the first message of what was fetched. `seek`: go on reading at `next`, for the topic is not the one in which the
   * checkpoint was made. `load`: what was fetched is not what was asked for, so the checkpoint and the topic must be looked at
   * again. Throws `EventsNotInTopic`, and `TopicOfAnotherJournal` where that stands where it went on.
   */
  judge(first: KafkaMessage): 'read' | 'seek' | 'load' {
    const offset = Number(first.offset);
    if (offset < this.next) return 'load';
    if (this.#check === 'last applied') {
      const same = offset === this.next && this.#isLastApplied(first);
      this.#check = same ? null : 'beginning';
      this.next = same ? offset + 1 : this.marks.low;
      return same ? 'read' : 'seek';
    }
    if (this.#check === 'beginning') {
      this.#refuseHole(first);
      this.#check = null;
    } else if (offset > this.next && !this.#new) return 'load';
    return 'read';
  }

  #isLastApplied(message: KafkaMessage): boolean {
    const read = this.#read(message);
    // A topic that was filled from the journal holds nothing unreadable: then it is the same one.
    if (read instanceof TopicOfAnotherJournal) throw read;
    return read instanceof Error ? this.reading.parks : samePosition(placeOf(read), this.#stored.position);
  }

  /** What a topic that was made anew holds must begin with what was applied already. */
  #refuseHole(first: KafkaMessage): void {
    const read = this.#read(first);
    if (read instanceof Error || !isBehind(placeOf(read), this.#applied)) return;
    if (this.#hasBegun) throw this.#missing('the topic was made anew and not filled from the beginning');
    if (this.marks.low > 0) throw this.#deleted();
  }

  /** The next messages, up to `most` events; what was applied before is passed over. */
  slice(messages: readonly KafkaMessage[], most: number): Slice {
    const events: FeedEvent['event'][] = [];
    const offsets: number[] = [];
    const unreadable: UnreadableMessage[] = [];
    let { position, offset } = this.#stored;
    let applied = this.#applied;
    let last: number | null = null;
    let halt: Slice['halt'] = null;
    this.#new = false;
    for (const message of messages) {
      const at = Number(message.offset);
      if (at < this.next) continue;
      if (events.length + unreadable.length >= most) break;
      const read = this.#read(message);
      halt = this.#haltAt(at, read);
      if (halt) break;
      last = at;
      if (read instanceof Error) {
        const { key, value } = message;
        const { topic, partition } = this;
        unreadable.push({ topic, partition, offset: at, key, value, reason: read.message });
        offset = at + 1;
      } else if (isBehind(placeOf(read), applied)) {
        events.push(read.event);
        offsets.push(at);
        position = applied = placeOf(read);
        offset = at + 1;
      } else if (isBehind(placeOf(read), position)) {
        // Applied under the floor: from here on it is known where the partition goes on, whatever is deleted before.
        position = placeOf(read);
        offset = at + 1;
      }
    }
    return { events, offsets, unreadable, to: { ...this.#stored, position, offset, stored: true }, last, halt };
  }

  /** From here on a slice ends before the first of these events that is among the `missing`, which halts it. */
  haltBefore({ events, offsets }: Slice, missing: ReadonlySet<string>): void {
    const i = events.findIndex(({ eventId }) => missing.has(eventId));
    const [offset, event] = [offsets[i], events[i]];
    if (offset !== undefined && event) this.#notInJournal = new EventNotInJournal(this.#at(offset), event.eventId);
  }

  #haltAt(offset: number, read: FeedEvent | Unread): Slice['halt'] {
    if (offset === this.#notInJournal?.place.offset) return this.#notInJournal;
    if (!(read instanceof Error) || (this.reading.parks && read instanceof MessageUnreadable)) return null;
    return read instanceof TopicOfAnotherJournal ? read : new PartitionHalted(this.#at(offset), read);
  }

  #read(message: KafkaMessage): FeedEvent | Unread {
    return readMessage(this, message, this.reading.journal);
  }

  #missing(why: string): EventsNotInTopic {
    return new EventsNotInTopic(this.#at(this.#stored.offset ?? 0), why);
  }

  #deleted(): EventsNotInTopic {
    const why = `it begins at ${this.marks.low}, since older messages were deleted`;
    const place = this.#at(this.#stored.offset ?? 0);
    return new EventsNotInTopic(place, why, 'or make the read model anew with `postern rebuild`');
  }

  #at(offset: number) {
    return { topic: this.topic, partition: this.partition, offset };
  }
}

function placeOf({ event, xid }: FeedEvent): FeedPosition {
  return { xid, position: event.position };
}
