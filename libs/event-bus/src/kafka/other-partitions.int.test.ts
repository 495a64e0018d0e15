import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS } from '@postern/contracts';
import { askForRepublish, forgetPartitions, readFeed, FEED_START, type FeedPosition } from '@postern/event-store';
import { describeWithKafka } from '@postern/testing';
import { start, until } from '../test-support/bus-contract.js';
import { deleteTopics } from './topics/delete-topics.js';
import { kafkaWorld, type KafkaWorld } from './test-support/kafka-world.js';

const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);
const TOPICS_READ = [TOPICS.smtpUsers, TOPICS.authDenials];

describeWithKafka(describe, 'topics of which the number of partitions changes', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address, { publishes: false });
  }, 60_000);
  afterAll(() => world?.close());

  const settings = (partitions: number) => ({ kafka: { ...world.kafka, partitions } });
  const names = () => Object.values(TOPICS).map((topic) => world.topicPrefix + topic);
  const newStreams = () => [
    ...Array.from({ length: 12 }, () => `smtp-user/${newId()}`),
    ...Array.from({ length: 12 }, () => `auth-denials/${newId()}`),
  ];
  const begin = (partitions: number, consumer?: string) =>
    start(
      { ...world, bus: () => world.bus(settings(partitions)) },
      { topics: TOPICS_READ, ...(consumer === undefined ? {} : { consumer }) },
    );
  const appendTo = async (streams: readonly string[], events = 1) => {
    for (const stream of streams) await world.append(stream, events);
  };
  const lastPlace = async (): Promise<FeedPosition> => (await readFeed(world.feed, FEED_START, 10_000)).position;

  it('bring each event once and each key’s in order: those from before, from in between and from after the change', async () => {
    const streams = newStreams();
    await appendTo(streams, 3);
    const two = world.publisher(settings(2));
    await two.start();
    const before = await begin(2);
    const versions = () => Promise.all(streams.map((stream) => before.versions(stream)));
    await until(async () => (await versions()).every(({ length }) => length === 3));
    await before.bus.stop();
    const applied = await lastPlace();
    // Sent, but not applied; and those that nobody sends any more.
    await appendTo(streams.slice(6));
    await until(async () => (await two.lag()).events === 0);
    await two.stop();
    await appendTo(streams);

    const { dataSource, table } = world.checkpoints;
    await dataSource.transaction((manager) => forgetPartitions(manager, table, before.consumer, applied));
    for (const topic of Object.values(TOPICS)) await askForRepublish(world.feed, topic);
    await deleteTopics(world.kafka, names());

    const three = world.publisher(settings(3));
    await three.start();
    const after = await begin(3, before.consumer);
    const added = newStreams();
    await appendTo([...streams, ...added]);
    await until(async () => (await versions()).every(({ length }, i) => length >= (i < 6 ? 5 : 6)));
    await until(async () => (await after.versions(added.at(-1) ?? '')).length > 0);
    await until(() => after.running.status().caughtUp && after.running.status().lastError === null);
    expect(await versions()).toEqual(streams.map((_, i) => upTo(i < 6 ? 5 : 6)));
    for (const stream of added) expect(await after.versions(stream)).toEqual([1]);

    // Also from where the new partitions stand, after another start.
    await after.bus.stop();
    await appendTo(streams);
    const again = await begin(3, before.consumer);
    await until(async () => (await versions()).every(({ length }, i) => length >= (i < 6 ? 6 : 7)));
    expect(await versions()).toEqual(streams.map((_, i) => upTo(i < 6 ? 6 : 7)));
    await Promise.all([again.bus.stop(), three.stop()]);
  }, 90_000);

  it('halt a consumer whose checkpoints are of another number, before it applies anything', async () => {
    const [stream = ''] = newStreams();
    const three = world.publisher(settings(3));
    await three.start();
    await world.append(stream, 2);
    const before = await begin(3);
    await until(async () => (await before.versions(stream)).length === 2);
    await before.bus.stop();
    await three.stop();
    await deleteTopics(world.kafka, names());
    for (const topic of Object.values(TOPICS)) await askForRepublish(world.feed, topic);
    const two = world.publisher(settings(2));
    await two.start();
    await world.append(stream, 1);
    await until(async () => (await two.lag()).events === 0);
    const after = await begin(2, before.consumer);
    await until(() => after.running.status().lastError !== null);
    expect(after.running.status()).toMatchObject({
      caughtUp: false,
      lastError: {
        name: 'PartitionsChanged',
        message:
          `The checkpoints of ${before.consumer} were made in topics of 3 partitions, and POSTERN_KAFKA_PARTITIONS is 2: events would be ` +
          'applied twice or out of order. Set it to 3 again; or stop the services, run `postern repartition`, and start them.',
      },
    });
    expect(await before.versions(stream)).toEqual([1, 2]);
    await Promise.all([after.bus.stop(), two.stop()]);
  }, 60_000);

  it('are not written to, nor read, where somebody adds partitions by hand while they are in use', async () => {
    const [stream = ''] = newStreams();
    const publisher = world.publisher(settings(2));
    await publisher.start();
    await world.append(stream, 1);
    const consumer = await begin(2);
    await until(async () => (await consumer.versions(stream)).length === 1);
    const admin = world.client.admin();
    await admin.connect();
    const topic = world.topicPrefix + TOPICS.smtpUsers;
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
    await admin.disconnect();
    // As after the publisher's client has asked for the topics again, which it does every minute.
    await publisher.stop();
    const another = await begin(2, consumer.consumer);
    await until(() => another.running.status().lastError?.name === 'TopicSettingsWrong');
    await expect(world.publisher(settings(2)).start()).rejects.toThrow(
      'has partitions 4, and Postern needs 2 (POSTERN_KAFKA_PARTITIONS)',
    );
    await Promise.all([consumer.bus.stop(), another.bus.stop()]);
  }, 60_000);
});
