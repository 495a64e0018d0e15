import { TOPIC_OF_CATEGORY, type StreamCategory } from '@postern/contracts';
import type { FeedPosition } from '@postern/event-store';
import type { Kafka } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { onceLed } from '../client/once-led.js';
import { EVENT_TOPICS } from './topic-settings.js';

/** A topic that is kept for ever holds nothing of what was published to it. What would come now would stand where the oldest must. */
export class TopicEmptied extends Error {
  override readonly name = 'TopicEmptied';
  constructor(topics: readonly string[]) {
    super(
      `Nothing of what was published is left in ${topics.join(' and ')}: deleted, or the broker has lost its data. Newer events of all ` +
        `topics wait. Fill what is empty anew from the journal: \`postern republish ${topics.map(shortName).join(' ')}\`, and where the broker ` +
        'has lost everything `auth-denials` and `relay-policies` too.',
    );
  }
}

/**
 * Throws `TopicEmptied` where one of the topics, such as are kept for ever, never had a message since it was made, but the journal has
 * events of it up to `published`. Those that are deleted with time tell nothing; their consumers find out. `feed` is connected as `postern_feed`.
 */
export async function assertNotEmptied(
  client: Kafka,
  feed: DataSource,
  { topics, topicPrefix, published }: { topics: readonly string[]; topicPrefix: string; published: FeedPosition },
): Promise<void> {
  const kept = EVENT_TOPICS.filter(({ topic, retentionMs }) => retentionMs === null && topics.includes(topic));
  if (kept.length === 0) return;
  const admin = client.admin();
  const emptied: string[] = [];
  try {
    await admin.connect();
    for (const { topic } of kept) {
      const offsets = await onceLed(() => admin.fetchTopicOffsets(topicPrefix + topic));
      if (offsets.every(({ high }) => high === '0') && (await hasEvents(feed, topic, published))) emptied.push(topic);
    }
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  if (emptied.length > 0) throw new TopicEmptied(emptied);
}

async function hasEvents(feed: DataSource, topic: string, { xid, position }: FeedPosition): Promise<boolean> {
  const categories = (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter(
    (category) => TOPIC_OF_CATEGORY[category] === topic,
  );
  const [row] = await feed.query<{ has: boolean }[]>(
    `SELECT EXISTS (SELECT FROM journal.events
                     WHERE split_part(stream_id, '/', 1) = ANY ($1::text[]) AND (xid, position) <= ($2::xid8, $3::bigint)) AS has`,
    [categories, xid, position],
  );
  return row?.has === true;
}

/** As `postern republish` calls it. */
function shortName(topic: string): string {
  return topic.replace(/^postern\./, '').replace(/\.v\d+$/, '');
}
