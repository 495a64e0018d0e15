import { decodeEvent, MessageOfAnotherJournal, type JournalId, type Topic } from '@postern/contracts';
import { loadJournalId, notInJournal } from '@postern/event-store';
import type { Kafka } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { EventNotInJournal, TopicOfAnotherJournal, type MessagePlace } from './journal-errors.js';
import { lastMessages, type LastMessage } from './last-messages.js';

export interface TopicsToLookAt {
  readonly topics: readonly Topic[];
  /** Stands before each topic's name. */
  readonly topicPrefix: string;
  /** Those that are to be made anew from the journal: they may be ahead of it. */
  readonly refilled: ReadonlySet<string>;
}

/**
 * Looks at the last message of each partition, before anything is sent behind it. Throws `TopicOfAnotherJournal` where it says so,
 * `EventNotInJournal` where the topic is ahead of the journal; `KafkaUnreachable` where they do not come in time. What is no
 * message of Postern's tells nothing of a journal, and is the consumers' business. `feed` is connected as `postern_feed`.
 */
export async function assertOwnTopics(client: Kafka, feed: DataSource, looked: TopicsToLookAt): Promise<void> {
  const { topics, topicPrefix, refilled } = looked;
  const ours = await loadJournalId(feed);
  const last = await lastMessages(
    client,
    topics.map((topic) => topicPrefix + topic),
  );
  const events = last.flatMap((each) => eventOf(each, topicPrefix, ours));
  const missing = await notInJournal(
    feed,
    events.map(({ eventId }) => eventId),
  );
  const ahead = events.find(({ place, eventId }) => !refilled.has(place.topic) && missing.has(eventId));
  if (ahead) throw new EventNotInJournal(ahead.place, ahead.eventId);
}

function eventOf(
  { topic: name, partition, message: { key, value, offset } }: LastMessage,
  topicPrefix: string,
  ours: JournalId,
): { readonly place: MessagePlace; readonly eventId: string }[] {
  const topic = name.slice(topicPrefix.length) as Topic;
  const place = { topic, partition, offset: Number(offset) };
  try {
    return [{ place, eventId: decodeEvent({ topic, key, value }, ours).event.eventId }];
  } catch (error) {
    if (error instanceof MessageOfAnotherJournal) throw new TopicOfAnotherJournal(place, error);
    return [];
  }
}
