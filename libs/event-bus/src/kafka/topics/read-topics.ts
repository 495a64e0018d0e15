import { newId } from '@postern/contracts';
import kafkajs, { type Admin, type KafkaMessage } from 'kafkajs';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { kafkaError, KafkaUnreachable, retried } from '../client/kafka-errors.js';

const LED_WITHIN_MS = 5_000;
const READ_WITHIN_MS = 15_000;

/** @throws `KafkaRefused`, `KafkaUnreachable`, the errors of `work`. */
export async function withAdmin<T>(settings: KafkaSettings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaClient(settings, 'postern-admin').admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw kafkaError(error, settings);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

export interface PartitionOffsets {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** New partitions may have no leader yet, which kafkajs does not retry here. If no broker answers, callers retry. */
export async function topicOffsets(admin: Admin, topic: string): Promise<PartitionOffsets[]> {
  const answersLater = (error: unknown) => {
    const { name, retriable } = error as { name?: string; retriable?: boolean };
    return name === 'KafkaJSProtocolError' && retriable === true;
  };
  const found = await retried(() => admin.fetchTopicOffsets(topic), answersLater, LED_WITHIN_MS);
  return found.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
}

export interface LastMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
}

/** The last message of each partition, among its last `offsets` (transaction markers have offsets too). @throws `KafkaUnreachable`, `KafkaRefused`. */
export function lastMessages(
  settings: KafkaSettings,
  topics: readonly string[],
  offsets = 1,
): Promise<readonly LastMessage[]> {
  return withAdmin(settings, async (admin) => {
    const ranges = new Map<string, { topic: string; partition: number; from: number; end: number }>();
    for (const topic of topics)
      for (const { partition, low, high } of await topicOffsets(admin, topic))
        if (low < high)
          ranges.set(`${topic}/${partition}`, { topic, partition, from: Math.max(low, high - offsets), end: high });
    if (ranges.size === 0) return [];
    const groupId = `postern.own-topics.${newId()}`;
    const consumer = kafkaClient(settings, 'postern-topics').consumer({ groupId, maxWaitTimeInMs: 50 });
    const found = new Map<string, LastMessage>();
    const { promise: read, resolve, reject } = Promise.withResolvers<void>();
    const all = `The last messages of ${topics.join(', ')}`;
    const timer = setTimeout(() => reject(new KafkaUnreachable(`${all} did not come in time.`)), READ_WITHIN_MS);
    // kafkajs would start again, from the end. Callers retry, where that can help.
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) =>
      reject(restart ? new KafkaUnreachable(`${all} could not be read: ${error.message}`, { cause: error }) : error),
    );
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: false });
      const missing = new Set(ranges.keys());
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
        const name = `${topic}/${partition}`;
        if (Number(lastOffset) + 1 >= (ranges.get(name)?.end ?? Infinity)) missing.delete(name);
        if (missing.size === 0) resolve();
      });
      const eachMessage = async ({ topic, partition, message }: LastMessage) =>
        void found.set(`${topic}/${partition}`, { topic, partition, message });
      const begin = async () => {
        await consumer.run({ autoCommit: false, eachMessage });
        for (const { topic, partition, from } of ranges.values())
          consumer.seek({ topic, partition, offset: String(from) });
      };
      begin().catch(reject);
      await read;
      return [...found.values()];
    } finally {
      clearTimeout(timer);
      await consumer.disconnect().catch(() => undefined);
      await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  });
}

const partitioner = kafkajs.Partitioners.DefaultPartitioner();

/** The partition that the publisher chooses for a key. */
export function partitionOf(key: string, partitions: number): number {
  // Only the key decides, not the leader.
  const led = { partitionErrorCode: 0, leader: 0, replicas: [], isr: [] };
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ ...led, partitionId }));
  return partitioner({ topic: '', partitionMetadata, message: { key, value: null } });
}
