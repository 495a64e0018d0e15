import { categoriesOf, decodeEvent, MessageOfAnotherJournal, type Topic } from '@postern/contracts';
import { loadJournalId, type FeedPosition } from '@postern/event-store';
import type { DataSource } from 'typeorm';
import type { KafkaSettings } from '../client/kafka-client.js';
import { withAdmin, lastMessages, topicOffsets } from './read-topics.js';
import { TopicAheadOfJournal, TopicEmptied, TopicOfAnotherJournal } from './topic-errors.js';
import { EVENT_TOPICS } from './topic-settings.js';

export interface CheckedTopics {
  readonly kafka: KafkaSettings;
  /** Connected as `postern_feed`. */
  readonly feed: DataSource;
  /** Prefix of each topic's name, for tests that share a broker. */
  readonly topicPrefix: string;
}

/**
 * Checks the last message of each partition; one that cannot be read is left to the consumers. @throws `TopicOfAnotherJournal`;
 * `TopicAheadOfJournal` if the journal lacks its event, unless the topic is in `recreated`; `KafkaUnreachable`, `KafkaRefused`.
 */
export async function assertTopicsFit(
  { kafka, feed, topicPrefix }: CheckedTopics,
  recreated: ReadonlySet<string>,
): Promise<void> {
  const ours = await loadJournalId(feed);
  const names = EVENT_TOPICS.map(({ topic }) => topicPrefix + topic);
  for (const { topic: name, partition, message } of await lastMessages(kafka, names)) {
    const topic = name.slice(topicPrefix.length) as Topic;
    const position = { topic, partition, offset: Number(message.offset) };
    let eventId: string;
    try {
      ({ eventId } = decodeEvent({ topic, ...message }, ours));
    } catch (error) {
      if (error instanceof MessageOfAnotherJournal) throw new TopicOfAnotherJournal(position, error);
      continue;
    }
    if (recreated.has(topic)) continue;
    const found = await feed.query<unknown[]>('SELECT FROM journal.events WHERE event_id = $1', [eventId]);
    if (found.length === 0) throw new TopicAheadOfJournal(position, eventId);
  }
}

/**
 * @throws `TopicEmptied` if a topic without retention, not in `recreated`, never had a message, but the journal has events of it up to `published`.
 * For topics with retention, the consumers notice.
 */
export async function assertNotEmptied(
  { kafka, feed, topicPrefix }: CheckedTopics,
  recreated: ReadonlySet<string>,
  published: FeedPosition,
): Promise<void> {
  const kept = EVENT_TOPICS.filter(({ topic, retentionMs }) => retentionMs === null && !recreated.has(topic));
  const emptied: string[] = [];
  await withAdmin(kafka, async (admin) => {
    for (const { topic } of kept) {
      const offsets = await topicOffsets(admin, topicPrefix + topic);
      if (offsets.every(({ high }) => high === 0) && (await hasEvents(feed, topic as Topic, published)))
        emptied.push(topic);
    }
  });
  if (emptied.length > 0) throw new TopicEmptied(emptied);
}

async function hasEvents(feed: DataSource, topic: Topic, { xid, position }: FeedPosition): Promise<boolean> {
  const [row] = await feed.query<{ has: boolean }[]>(
    `SELECT EXISTS (SELECT FROM journal.events
                     WHERE split_part(stream_id, '/', 1) = ANY ($1::text[]) AND (xid, position) <= ($2::xid8, $3::bigint)) AS has`,
    [categoriesOf([topic]), xid, position],
  );
  return row?.has === true;
}
