import {
  decodeEvent,
  EventNewerThanProgram,
  MessageOfAnotherJournal,
  MessageUnreadable,
  type FeedEvent,
  type JournalId,
} from '@postern/contracts';
import type { KafkaMessage } from 'kafkajs';
import { TopicOfAnotherJournal } from '../topics/journal-errors.js';
import type { Place } from './place.js';

/** How the messages of a partition are read. */
export interface Reading {
  /** What is unreadable is put aside; else it halts the partition. */
  readonly parks: boolean;
  /** The one of the database in which they take effect. */
  readonly journal: JournalId;
}

export type Unread = MessageUnreadable | EventNewerThanProgram | TopicOfAnotherJournal;

/** The event of a message, or why it is none. */
export function readMessage(
  { topic, partition }: Place,
  { key, value, offset }: KafkaMessage,
  journal: JournalId,
): FeedEvent | Unread {
  try {
    return decodeEvent({ topic, key, value }, journal);
  } catch (error) {
    if (error instanceof MessageOfAnotherJournal)
      return new TopicOfAnotherJournal({ topic, partition, offset: Number(offset) }, error);
    if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return error;
    throw error;
  }
}
