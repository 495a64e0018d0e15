import { decodeEvent, EventNewerThanProgram, MessageUnreadable, type FeedEvent, type Topic } from '@postern/contracts';
import { FEED_START, isBehind, samePosition, type FeedPosition, type PartitionCheckpoint } from '@postern/event-store';
import type { KafkaMessage } from 'kafkajs';
import type { UnreadableMessage } from '../event-bus.js';
import { EventsNotInTopic, PartitionHalted } from './partition-errors.js';

/** From the first offset that there is to the one that the next message gets. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

/** Messages of a partition that are handled in one transaction, with the checkpoint that stands behind them. */
export interface Slice {
  readonly events: readonly FeedEvent['event'][];
  readonly unreadable: readonly UnreadableMessage[];
  readonly to: PartitionCheckpoint;
  /** The offset of the last message that was looked at; null: none was. */
  readonly last: number | null;
  /** Why the message behind the slice can't be passed. */
  readonly halt: PartitionHalted | null;
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
  /** Nothing was read since it was loaded: a message further on than expected then only tells that none is between. */
  #new = true;

  /** Throws `EventsNotInTopic`. */
  constructor(
    readonly topic: Topic,
    readonly partition: number,
    stored: PartitionCheckpoint,
    private readonly marks: Watermarks,
    private readonly parks: boolean,
  ) {
    const { low, high } = marks;
    this.#stored = stored;
    this.high = high;
    const offset = stored.offset ?? 0;
    if (offset > high && high === low) throw this.#missing('the topic was made anew and is empty');
    if (offset > 0 && low > offset) throw this.#missing(`it begins at ${low}, since older messages were deleted`);
    if (offset === 0 && low > 0 && samePosition(this.#applied, FEED_START))
      throw this.#missing(`it begins at ${low}, since older messages were deleted`);
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
    return `${this.topic}/${this.partition}`;
  }

  get stored(): PartitionCheckpoint {
    return this.#stored;
  }

  /** Only what lies behind is new. */
  get #applied(): FeedPosition {
    const { position, floor } = this.#stored;
    return isBehind(floor, position) ? floor : position;
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
   * again. Throws `EventsNotInTopic`.
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
    return read instanceof Error ? this.parks : samePosition(placeOf(read), this.#stored.position);
  }

  /** What a topic that was made anew holds must begin with what was applied already. */
  #refuseHole(first: KafkaMessage): void {
    const read = this.#read(first);
    if (read instanceof Error || !isBehind(placeOf(read), this.#applied)) return;
    if (this.#stored.offset !== null) throw this.#missing('the topic was made anew and not filled from the beginning');
    if (this.marks.low > 0) throw this.#missing(`it begins at ${this.marks.low}, since older messages were deleted`);
  }

  /** The next messages, up to `most` events; what was applied before is passed over. */
  slice(messages: readonly KafkaMessage[], most: number): Slice {
    const events: FeedEvent['event'][] = [];
    const unreadable: UnreadableMessage[] = [];
    let { position, offset } = this.#stored;
    const { floor } = this.#stored;
    let applied = this.#applied;
    let last: number | null = null;
    this.#new = false;
    for (const message of messages) {
      const at = Number(message.offset);
      if (at < this.next) continue;
      if (events.length + unreadable.length >= most) break;
      const read = this.#read(message);
      if (read instanceof Error && !(this.parks && read instanceof MessageUnreadable)) {
        const halt = new PartitionHalted({ topic: this.topic, partition: this.partition, offset: at }, read);
        return { events, unreadable, to: { position, offset, stored: true, floor }, last, halt };
      }
      last = at;
      if (read instanceof Error) {
        const { key, value } = message;
        const { topic, partition } = this;
        unreadable.push({ topic, partition, offset: at, key, value, reason: read.message });
        offset = at + 1;
      } else if (isBehind(placeOf(read), applied)) {
        events.push(read.event);
        position = applied = placeOf(read);
        offset = at + 1;
      }
    }
    return { events, unreadable, to: { position, offset, stored: true, floor }, last, halt: null };
  }

  #read({ key, value }: KafkaMessage): FeedEvent | MessageUnreadable | EventNewerThanProgram {
    try {
      return decodeEvent({ topic: this.topic, key, value });
    } catch (error) {
      if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return error;
      throw error;
    }
  }

  #missing(why: string): EventsNotInTopic {
    const { topic, partition } = this;
    return new EventsNotInTopic({ topic, partition, offset: this.#stored.offset ?? 0 }, why);
  }
}

function placeOf({ event, xid }: FeedEvent): FeedPosition {
  return { xid, position: event.position };
}
