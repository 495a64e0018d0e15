import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { describeWithKafka, followTopic, type FollowedTopic, until } from '@postern/testing';
import { encodePolicy, type JournalId, type RelayPolicy } from '@postern/contracts';
import { KafkaTopicWriter } from './kafka-topic-writer.js';
import type { KafkaSettings } from '../client/kafka-client.js';
import type { TopicSettings } from '../topics/topic-settings.js';

const TOPIC: TopicSettings = { topic: 'policies', cleanup: 'compact', retentionMs: null };
const [OURS, THEIRS] = [randomUUID() as JournalId, randomUUID() as JournalId];
const headers = { 'content-type': 'text/plain' };

describeWithKafka(describe, 'the writer of a topic', (kafka) => {
  const settings: KafkaSettings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 3, replication: null };
  const writers: KafkaTopicWriter[] = [];
  let outside: FollowedTopic | undefined;

  const newWriter = (prefix: string) => {
    const writer = new KafkaTopicWriter(settings, TOPIC, prefix);
    writers.push(writer);
    return writer;
  };
  const newPrefix = () => `writer-${randomUUID()}.`;

  afterEach(async () => {
    await outside?.stop();
    outside = undefined;
    for (const writer of writers.splice(0)) await writer.close();
  });

  it('creates the topic, distinguishes an empty one from a filled one, and keeps the order of a key', async () => {
    const prefix = newPrefix();
    const writer = newWriter(prefix);
    expect(await writer.open(OURS)).toBe('empty');
    const messages = Array.from({ length: 600 }, (_, i) => ({ key: `user-${i % 7}`, value: `${i}`, headers }));
    await writer.write(messages);
    expect(await writer.open(OURS)).toBe('filled');
    outside = await followTopic(kafka.address, prefix + TOPIC.topic);
    await holding(outside, messages.length);
    for (const key of new Set(messages.map((message) => message.key))) {
      const values = (all: readonly { key: string; value: string }[]) =>
        all.filter((each) => each.key === key).map(({ value }) => value);
      expect(values(outside.messages)).toEqual(values(messages));
    }
  });

  it('sends more than fits into one request, and refuses a message that is too large for the topic', async () => {
    const prefix = newPrefix();
    const writer = newWriter(prefix);
    await writer.open(OURS);
    const large = { key: 'large', value: 'x'.repeat(400_000), headers };
    await writer.write([large, large, large, large]);
    await expect(writer.write([{ ...large, value: 'x'.repeat(9_000_000) }])).rejects.toMatchObject({
      name: 'WriteRefused',
    });
    await writer.open(OURS);
    await writer.write([large]);
    outside = await followTopic(kafka.address, prefix + TOPIC.topic);
    await holding(outside, 5);
  });

  it('a former writer that wakes up is refused by the broker, and no reader sees what it sent', async () => {
    const prefix = newPrefix();
    const former = newWriter(prefix);
    await former.open(OURS);
    await former.write([{ key: 'user', value: 'old', headers }]);
    const next = newWriter(prefix);
    await next.open(OURS);
    await next.write([{ key: 'user', value: 'new', headers }]);
    await expect(former.write([{ key: 'user', value: 'older than new', headers }])).rejects.toThrow();
    await next.write([{ key: 'user', value: 'newest', headers }]);
    outside = await followTopic(kafka.address, prefix + TOPIC.topic);
    await holding(outside, 3);
    expect(outside.messages.map(({ value }) => value)).toEqual(['old', 'new', 'newest']);
  });

  it('does not touch another journal’s topic, whose writer continues', async () => {
    const prefix = newPrefix();
    const theirs = newWriter(prefix);
    await theirs.open(THEIRS);
    const policies = Array.from({ length: 5 }, (_, i) => encodePolicy(policyOf(i + 1), THEIRS));
    await theirs.write(policies.slice(0, 3));
    // Marks of transactions without messages come after it too.
    await expect(theirs.write([{ key: 'large', value: 'x'.repeat(9_000_000), headers }])).rejects.toThrow();
    await theirs.open(THEIRS);
    await theirs.write(policies.slice(3, 4));
    await expect(newWriter(prefix).open(OURS)).rejects.toMatchObject({
      name: 'WriteRefused',
      message: expect.stringMatching(
        new RegExp(
          `Partition \\d of policies has at offset \\d+ a message of the journal ${THEIRS}; this database’s is ${OURS}`,
        ),
      ),
    });
    await theirs.write(policies.slice(4));
    outside = await followTopic(kafka.address, prefix + TOPIC.topic);
    await holding(outside, 5);
  });
});

const policyOf = (revision: number) => ({ username: `user-${revision}@acme.example`, revision }) as RelayPolicy;

async function holding({ messages }: FollowedTopic, count: number): Promise<void> {
  await until(() => messages.length >= count);
  expect(messages.length).toBe(count);
}
