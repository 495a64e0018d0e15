import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { until } from './until.js';

export interface ReadMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly contentType: string;
}

export interface FollowedTopic {
  /** What came until now, in the order of each partition. */
  readonly messages: readonly ReadMessage[];
  stop(): Promise<void>;
}

/** Reads a topic from its beginning, as an outside consumer would: in a group of its own, only committed messages. */
export async function followTopic(address: string, topic: string): Promise<FollowedTopic> {
  const kafka = new Kafka({ clientId: 'outside', brokers: [address], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `outside-${randomUUID()}`, maxWaitTimeInMs: 100, metadataMaxAge: 1_000 });
  const messages: ReadMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      messages.push({
        partition,
        offset: Number(message.offset),
        key: String(message.key),
        value: String(message.value),
        contentType: String(message.headers?.['content-type']),
      });
    },
  });
  return { messages, stop: () => consumer.disconnect() };
}

/** Deletes a topic, and waits until the broker does not list it any more. */
export async function deleteTopic(address: string, topic: string): Promise<void> {
  const admin = new Kafka({ clientId: 'outside', brokers: [address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
    await until(async () => !(await admin.listTopics()).includes(topic));
  } finally {
    await admin.disconnect();
  }
}
