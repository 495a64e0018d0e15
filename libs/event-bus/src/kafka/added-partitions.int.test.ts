import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS } from '@postern/contracts';
import { describeWithKafka, until } from '@postern/testing';
import { start } from '../testing/bus-contract.js';
import { kafkaWorld, type KafkaWorld } from './testing/kafka-world.js';
import { topicOffsets } from './topics/read-topics.js';

const TOPICS_READ = [TOPICS.smtpUsers, TOPICS.authDenials];
const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);

describeWithKafka(describe, 'partitions that are added with Kafka’s own tool while everything runs', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address);
  });
  afterAll(() => world?.close());

  const newStreams = () => [
    ...Array.from({ length: 12 }, () => `smtp-user/${newId()}`),
    ...Array.from({ length: 12 }, () => `auth-denials/${newId()}`),
  ];

  async function addPartitions(count: number): Promise<void> {
    const admin = world.client.admin();
    await admin.connect();
    await admin.createPartitions({
      topicPartitions: TOPICS_READ.map((topic) => ({ topic: world.topicPrefix + topic, count })),
    });
    await admin.disconnect();
  }

  /** Messages of the partitions that were added. */
  async function inAdded(): Promise<number> {
    const admin = world.client.admin();
    await admin.connect();
    const offsets = await topicOffsets(admin, world.topicPrefix + TOPICS.smtpUsers);
    await admin.disconnect();
    return offsets.filter(({ partition }) => partition >= 3).reduce((sum, { high }) => sum + high, 0);
  }

  it('are written and read: each event takes effect once, in order per stream, also after a restart and for a later consumer', async () => {
    const streams = newStreams();
    const consumer = await start(world, { topics: TOPICS_READ });
    const second = await start(world, { topics: TOPICS_READ, consumer: consumer.consumer });
    let rounds = 0;
    const appendRound = async () => {
      for (const stream of streams) await world.append(stream, 1);
      rounds += 1;
    };
    await appendRound();
    await addPartitions(7);
    await until(async () => {
      await appendRound();
      return (await inAdded()) > 0;
    });
    await appendRound();
    const versions = (of: typeof consumer) => Promise.all(streams.map((stream) => of.versions(stream)));
    const complete = async (of: typeof consumer) =>
      until(async () => (await versions(of)).every(({ length }) => length >= rounds));
    await complete(consumer);
    await Promise.all([consumer.bus.stop(), second.bus.stop()]);
    await appendRound();
    const again = await start(world, { topics: TOPICS_READ, consumer: consumer.consumer });
    const later = await start(world, { topics: TOPICS_READ });
    await complete(again);
    await complete(later);
    await until(() => again.running.status().caughtUp && later.running.status().caughtUp);
    expect(await versions(again)).toEqual(streams.map(() => upTo(rounds)));
    expect(await versions(later)).toEqual(streams.map(() => upTo(rounds)));
    expect([again.running.status(), later.running.status()]).toEqual([
      expect.objectContaining({ lastError: null, failures: 0 }),
      expect.objectContaining({ lastError: null, failures: 0 }),
    ]);
    await Promise.all([again.bus.stop(), later.bus.stop()]);
  });
});
