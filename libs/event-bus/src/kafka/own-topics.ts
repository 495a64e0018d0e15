import { decodeEvent, newId, type Topic } from '@postern/contracts';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { KafkaUnreachable } from './kafka-errors.js';
import { onceLed } from './once-led.js';
import type { TopicSettings } from './topic-settings.js';

/** An event topic holds what this journal did not write. Two journals on one topic would be taken for one by every consumer. */
export class TopicOfAnotherJournal extends Error {
  override readonly name = 'TopicOfAnotherJournal';
  constructor(topic: string, partition: number, eventId: string) {
    super(
      `The Kafka topic ${topic} ends, in partition ${partition}, with the event ${eventId}, which this journal does not have: it is ` +
        'another database’s, or from after the backup that this one was restored from. Use a broker of its own, or delete the ' +
        'event topics and have them filled anew with `postern republish`; then start again.',
    );
  }
}

/** For all partitions together. */
const LOOK_TIMEOUT_MS = 15_000;

interface LastMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
}

/**
 * Looks at the last message of each partition. Throws `TopicOfAnotherJournal`; `KafkaUnreachable` where they do not come in time.
 * What is no message of ours tells nothing of a journal, and is the consumers' business. `feed` is connected as `postern_feed`.
 */
export async function assertOwnTopics(
  client: Kafka,
  feed: DataSource,
  topics: readonly TopicSettings[],
  topicPrefix: string,
): Promise<void> {
  const last = await lastMessages(
    client,
    topics.map(({ topic }) => topicPrefix + topic),
  );
  const events = last.flatMap(({ topic, partition, message: { key, value } }) => {
    try {
      const { event } = decodeEvent({ topic: topic.slice(topicPrefix.length) as Topic, key, value });
      return [{ topic, partition, eventId: event.eventId }];
    } catch {
      return [];
    }
  });
  if (events.length === 0) return;
  const rows = await feed.query<{ event_id: string }[]>(
    'SELECT event_id FROM journal.events WHERE event_id = ANY ($1::uuid[])',
    [events.map(({ eventId }) => eventId)],
  );
  const known = new Set(rows.map((row) => row.event_id));
  const foreign = events.find(({ eventId }) => !known.has(eventId));
  if (foreign) throw new TopicOfAnotherJournal(foreign.topic, foreign.partition, foreign.eventId);
}

/** By a group of its own, which commits nothing and is deleted behind it. */
async function lastMessages(client: Kafka, topics: readonly string[]): Promise<LastMessage[]> {
  const admin = client.admin();
  const groupId = `postern.own-topics.${newId()}`;
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 50 });
  const found = new Map<string, LastMessage>();
  let timer: NodeJS.Timeout | undefined;
  try {
    await admin.connect();
    const wanted = new Map<string, { topic: string; partition: number; offset: bigint }>();
    for (const topic of topics) {
      for (const { partition, low, high } of await onceLed(() => admin.fetchTopicOffsets(topic))) {
        if (low !== high) wanted.set(`${topic}/${partition}`, { topic, partition, offset: BigInt(high) - 1n });
      }
    }
    if (wanted.size === 0) return [];
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: false });
    await new Promise<void>((done, fail) => {
      const late = new KafkaUnreachable(`The last messages of ${topics.join(', ')} did not come in time.`);
      timer = setTimeout(() => fail(late), LOOK_TIMEOUT_MS);
      const eachMessage = async ({ topic, partition, message }: LastMessage) => {
        const place = wanted.get(`${topic}/${partition}`);
        if (place && BigInt(message.offset) >= place.offset)
          found.set(`${topic}/${partition}`, { topic, partition, message });
        if (found.size === wanted.size) done();
      };
      const begin = async () => {
        await consumer.run({ autoCommit: false, eachMessage });
        for (const { topic, partition, offset } of wanted.values()) {
          consumer.seek({ topic, partition, offset: String(offset) });
        }
      };
      begin().catch(fail);
    });
    return [...found.values()];
  } finally {
    clearTimeout(timer);
    await consumer.disconnect().catch(() => undefined);
    await admin.deleteGroups([groupId]).catch(() => undefined);
    await admin.disconnect().catch(() => undefined);
  }
}
