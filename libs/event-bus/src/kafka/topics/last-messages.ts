import { newId } from '@postern/contracts';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { KafkaUnreachable } from '../client/kafka-errors.js';
import { topicOffsets } from './topic-offsets.js';

/** For all partitions together. */
const LOOK_TIMEOUT_MS = 15_000;

export interface LastMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
}

/**
 * The last message of each partition that has any, among its last `offsets`: where a topic is written by transactions, those hold
 * their marks too. By a group of its own, which commits nothing and is deleted behind it. Throws `KafkaUnreachable` where they
 * do not come in time, or what kafkajs throws.
 */
export async function lastMessages(client: Kafka, topics: readonly string[], offsets = 1): Promise<LastMessage[]> {
  const admin = client.admin();
  const groupId = `postern.own-topics.${newId()}`;
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 50 });
  const found = new Map<string, LastMessage>();
  let timer: NodeJS.Timeout | undefined;
  try {
    await admin.connect();
    const wanted = new Map<string, { topic: string; partition: number; from: number; end: number }>();
    for (const topic of topics) {
      for (const { partition, low, high } of await topicOffsets(admin, topic)) {
        if (low === high) continue;
        wanted.set(`${topic}/${partition}`, { topic, partition, from: Math.max(low, high - offsets), end: high });
      }
    }
    if (wanted.size === 0) return [];
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: false });
    await new Promise<void>((done, fail) => {
      const late = new KafkaUnreachable(`The last messages of ${topics.join(', ')} did not come in time.`);
      timer = setTimeout(() => fail(late), LOOK_TIMEOUT_MS);
      const missing = new Set(wanted.keys());
      // Also where there was nothing but marks.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
        const source = `${topic}/${partition}`;
        if (Number(lastOffset) + 1 >= (wanted.get(source)?.end ?? Infinity)) missing.delete(source);
        if (missing.size === 0) done();
      });
      const eachMessage = async ({ topic, partition, message }: LastMessage) =>
        void found.set(`${topic}/${partition}`, { topic, partition, message });
      const begin = async () => {
        await consumer.run({ autoCommit: false, eachMessage });
        for (const { topic, partition, from } of wanted.values()) {
          consumer.seek({ topic, partition, offset: String(from) });
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
