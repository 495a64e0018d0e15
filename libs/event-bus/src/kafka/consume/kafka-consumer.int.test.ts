import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS, type Topic } from '@postern/contracts';
import { loadBookmarks, loadJournalId, removeBookmarks } from '@postern/event-store';
import { describeWithKafka, until } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import { consumerGroup } from './group-consumer.js';
import { kafkaWorld, usersInEveryPartition, type KafkaWorld } from '../testing/kafka-world.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';

const [USERS, DENIALS] = [TOPICS.smtpUsers, TOPICS.authDenials];
const newUser = () => `smtp-user/${newId()}`;
const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);

describeWithKafka(describe, 'a consumer of Kafka’s topics', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address, { publishes: false });
  });
  afterAll(() => world?.close());

  /** Publishes until Kafka has all that the journal has, and ends. */
  async function publishAll(): Promise<void> {
    const publisher = world.publisher();
    await publisher.start();
    await until(async () => (await publisher.lag()).events === 0);
    await publisher.stop();
  }

  /** Everything that the journal has is sent once more. */
  async function publishAllAgain(): Promise<void> {
    await world.journal.feed.query('DELETE FROM journal.checkpoints');
    await publishAll();
  }

  async function onAdmin<T>(work: (admin: ReturnType<KafkaWorld['client']['admin']>) => Promise<T>): Promise<T> {
    const admin = world.client.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  async function deleteTopic(topic: Topic): Promise<void> {
    const name = world.topicPrefix + topic;
    await onAdmin((admin) => admin.deleteTopics({ topics: [name] }));
    await until(() => onAdmin(async (admin) => !(await admin.listTopics()).includes(name)));
  }

  /** Puts a message on a partition as anybody could who may write there. */
  async function put(topic: Topic, partition: number, value: string): Promise<void> {
    const producer = world.client.producer();
    await producer.connect();
    await producer.send({ topic: world.topicPrefix + topic, messages: [{ key: 'x', value, partition }] });
    await producer.disconnect();
  }

  it('skips what the publisher sent twice, by the version of the stream', async () => {
    const stream = newUser();
    await world.append(stream, 5);
    await publishAll();
    const consumer = await start(world, {});
    await until(async () => (await consumer.versions(stream)).length === 5);
    await publishAllAgain();
    await world.append(stream, 1);
    await publishAll();
    await until(async () => (await consumer.versions(stream)).length >= 6);
    await until(() => consumer.running.status().caughtUp);
    expect(await consumer.versions(stream)).toEqual(upTo(6));
    expect(await consumer.running.lag()).toEqual({ events: 0, seconds: 0 });
    await consumer.bus.stop();
    const again = await start(world, { consumer: consumer.consumer });
    await until(() => again.running.status().hasCaughtUp);
    expect(await consumer.versions(stream)).toEqual(upTo(6));
    await again.bus.stop();
  });

  it('continues in a topic that was deleted and refilled, without repeats or losses, while it runs and while it is stopped', async () => {
    const stream = newUser();
    await world.append(stream, 4);
    await publishAll();
    const running = await start(world, {});
    const away = await start(world, {});
    const versions = async () => [await running.versions(stream), await away.versions(stream)];
    await until(async () => (await versions()).every((each) => each.length === 4));
    await away.bus.stop();
    await world.append(stream, 2);
    await deleteTopic(USERS);
    await publishAllAgain();
    const back = await start(world, { consumer: away.consumer });
    await until(async () => (await versions()).every((each) => each.length >= 6));
    await world.append(stream, 1);
    await publishAll();
    await until(async () => (await versions()).every((each) => each.length >= 7));
    await until(() => running.running.status().caughtUp && back.running.status().caughtUp);
    expect(await versions()).toEqual([upTo(7), upTo(7)]);
    await Promise.all([running.bus.stop(), back.bus.stop()]);
  });

  it('waits at a missing event of a stream, counts as halted if that lasts, and continues when the topic is refilled', async () => {
    const stream = newUser();
    await world.append(stream, 2);
    await publishAll();
    const bus = () => world.bus({ gapHaltsAfterMs: 1_000 });
    const consumer = await start({ ...world, bus }, {});
    await until(async () => (await consumer.versions(stream)).length === 2);
    await deleteTopic(USERS);
    await world.append(stream, 1);
    await world.append(stream, 1);
    await ensureTopics(world.kafka, EVENT_TOPICS, world.topicPrefix);
    await world.sendLast(stream);
    await until(() => consumer.running.status().lastError?.name === 'EventsMissing');
    expect(consumer.running.status().lastError?.message).toMatch(
      /^Event 4 of smtp-user\/.* came, but only 2 were applied\..*`postern rebuild`/,
    );
    expect([...consumer.running.status().halted]).toEqual([[USERS, 1]]);
    expect(await consumer.versions(stream)).toEqual(upTo(2));
    await deleteTopic(USERS);
    await publishAllAgain();
    await until(async () => (await consumer.versions(stream)).length === 4);
    await until(() => consumer.running.status().lastError === null);
    expect([...consumer.running.status().halted]).toEqual([[USERS, 0]]);
    await consumer.bus.stop();
  });

  it('starts at the database’s bookmark, even if the group’s offset is ahead of it or lost', async () => {
    const stream = newUser();
    await world.append(stream, 6);
    await publishAll();
    const before = await start(world, {});
    await until(async () => (await before.versions(stream)).length === 6);
    await until(() => before.running.status().hasCaughtUp);
    await before.bus.stop();
    const journal = await loadJournalId(world.journal.feed);
    const groupId = consumerGroup(world.topicPrefix, before.consumer, journal);
    const topic = world.topicPrefix + USERS;
    // The group is ahead of the database, as if somebody had set it; nothing new comes that could wake it.
    await onAdmin(async (admin) => {
      const ends = await admin.fetchTopicOffsets(topic);
      await admin.setOffsets({
        groupId,
        topic,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
    });
    await world.forget(before.consumer);
    const restored = await start(world, { consumer: before.consumer });
    await until(async () => (await before.versions(stream)).length === 12);
    await restored.bus.stop();
    // As brokers forget a group that was away for long.
    await onAdmin((admin) => admin.deleteGroups([groupId]));
    const again = await start(world, { consumer: before.consumer });
    await until(() => again.running.status().hasCaughtUp);
    await again.bus.stop();
    expect(await before.versions(stream)).toHaveLength(12);
  });

  async function eventIdOf(stream: string, version: number): Promise<string> {
    const [row] = await world.journal.feed.query<{ id: string }[]>(
      'SELECT event_id AS id FROM journal.events WHERE stream_id = $1 AND version = $2',
      [stream, version],
    );
    return row?.id ?? '';
  }

  it('that was away for longer than messages are kept halts, and says what to do', async () => {
    const stream = `auth-denials/${newId()}`;
    await world.append(stream, 3);
    await publishAll();
    const before = await start(world, { topics: [DENIALS] });
    await until(async () => (await before.versions(stream)).length === 3);
    await before.bus.stop();
    await world.append(stream, 3);
    await publishAll();
    const { dataSource, table } = world.checkpoints;
    const bookmarks = await loadBookmarks(dataSource, table, before.consumer);
    const name = world.topicPrefix + DENIALS;
    const stood = await onAdmin(async (admin) => {
      const all = await admin.fetchTopicOffsets(name);
      const partition = all.find(
        ({ partition: id, high }) => (bookmarks.of(`${DENIALS}/${id}`)?.offset ?? 0) < Number(high),
      );
      if (!partition) throw new Error('No partition has messages that were not handled.');
      // As time does it.
      await admin.deleteTopicRecords({
        topic: name,
        partitions: [{ partition: partition.partition, offset: String(Number(partition.high) - 1) }],
      });
      return { ...partition, offset: bookmarks.of(`${DENIALS}/${partition.partition}`)?.offset };
    });
    const after = await start(world, { topics: [DENIALS], consumer: before.consumer });
    await until(() => after.running.status().lastError !== null);
    expect(after.running.status().lastError).toMatchObject({
      name: 'MessagesDeleted',
      message:
        `The consumer has read partition ${stood.partition} of postern.auth-denials.v1 up to offset ${stood.offset}, but the partition now begins at ` +
        `${Number(stood.high) - 1}: messages were deleted before they were read. To get them back, rebuild the read model from the journal with ` +
        '`postern rebuild`, or fill the topic again from the journal with `postern republish`.',
    });
    expect(await before.versions(stream)).toEqual(upTo(3));
    // As a rebuild does it, which has applied all of it.
    await dataSource.transaction(async (manager) => {
      await manager.query(
        `UPDATE reader.streams SET version = 6, event_id = $3 WHERE consumer = $1 AND stream_id = $2`,
        [before.consumer, stream, await eventIdOf(stream, 6)],
      );
      await manager.query(`INSERT INTO ${table} (consumer, source) VALUES ($1, 'journal')`, [before.consumer]);
      await removeBookmarks(manager, table, before.consumer);
    });
    await until(() => after.running.status().lastError === null && after.running.status().caughtUp);
    await world.append(stream, 1);
    await publishAll();
    await until(async () => (await after.versions(stream)).length >= 4);
    expect(await after.versions(stream)).toEqual([1, 2, 3, 7]);
    await after.bus.stop();
    await deleteTopic(DENIALS);
    await publishAllAgain();
  });

  it('reads again what it had handled and the database lost in a crash, before it goes further', async () => {
    const appendTo = async (all: readonly string[]) => {
      for (const stream of all) await world.append(stream, 1);
      await publishAll();
    };
    const [kept = [], lost = [], later = []] = Array.from({ length: 3 }, () => usersInEveryPartition(4));
    const consumer = await start(world, {});
    const has = async (all: readonly string[], versions: readonly number[]) =>
      (await Promise.all(all.map((stream) => consumer.versions(stream)))).every(
        (found) => found.join() === versions.join(),
      );
    await appendTo(kept);
    await until(() => has(kept, [1]));
    const { dataSource, table } = world.checkpoints;
    const bookmarks = await dataSource.query<{ source: string; at: string; event_id: string }[]>(
      `SELECT source, broker_offset AS at, event_id FROM ${table} WHERE consumer = $1`,
      [consumer.consumer],
    );
    await appendTo(lost);
    await until(() => has(lost, [1]));
    // Consumers commit without waiting for the disk: a crash of the database takes the last transactions back.
    await dataSource.query('DELETE FROM reader.streams WHERE consumer = $1 AND stream_id = ANY ($2)', [
      consumer.consumer,
      lost,
    ]);
    for (const { source, at, event_id: eventId } of bookmarks)
      await dataSource.query(
        `UPDATE ${table} SET broker_offset = $3, event_id = $4 WHERE consumer = $1 AND source = $2`,
        [consumer.consumer, source, at, eventId],
      );
    await appendTo(later);
    await until(() => has(later, [1]));
    await until(() => has(lost, [1, 1]));
    expect(consumer.running.status().lastError).toBeNull();
    await consumer.bus.stop();
  });

  describe('that meets a message that is not an event', () => {
    it('halts only its partition, says where and what to do, and continues when the topic is refilled', async () => {
      const streams = usersInEveryPartition(4);
      for (const stream of streams) await world.append(stream, 1);
      await publishAll();
      await put(USERS, 1, 'poison');
      const bad = await onAdmin(async (admin) =>
        (await admin.fetchTopicOffsets(world.topicPrefix + USERS)).find(({ partition }) => partition === 1),
      );
      for (const stream of streams) await world.append(stream, 1);
      await publishAll();
      const consumer = await start(world, {});
      const sum = async () =>
        (await Promise.all(streams.map((stream) => consumer.versions(stream)))).reduce(
          (all, { length }) => all + length,
          0,
        );
      await until(() => consumer.running.status().lastError !== null);
      expect(consumer.running.status().lastError).toMatchObject({
        name: 'PartitionHalted',
        message:
          `Partition 1 of postern.smtp-users.v1 halts at offset ${Number(bad?.high) - 1}. The message is not JSON in UTF-8. No event of this ` +
          'topic may be skipped. If a later release wrote it, start that release. If not, fill the topic again from the journal with `postern republish`.',
      });
      expect([...consumer.running.status().halted]).toEqual([[USERS, 1]]);
      const others = async () => {
        const counts = await Promise.all(streams.map(async (stream) => (await consumer.versions(stream)).length));
        return counts.filter((count) => count === 2).length;
      };
      await until(async () => (await others()) > 0 && (await sum()) < 24);
      expect(consumer.running.status().caughtUp).toBe(false);
      await deleteTopic(USERS);
      await publishAllAgain();
      await until(async () => (await sum()) === 24);
      await until(() => consumer.running.status().lastError === null);
      expect([...consumer.running.status().halted]).toEqual([[USERS, 0]]);
      for (const stream of streams) expect(await consumer.versions(stream)).toEqual([1, 2]);
      await consumer.bus.stop();
    });

    it('stores it as a dead letter where that is allowed, once, with its bytes, and continues', async () => {
      const stream = `auth-denials/${newId()}`;
      await world.append(stream, 1);
      await publishAll();
      for (const partition of [0, 1, 2]) await put(DENIALS, partition, `poison ${partition}`);
      await world.append(stream, 1);
      await publishAll();
      const { dataSource } = world.checkpoints;
      const consumer = `consumer-${newId()}`;
      let failing = 2;
      const deadLetter = {
        topics: [DENIALS],
        consumer,
        deadLetter: async (manager: typeof dataSource.manager, message: Record<string, unknown>) => {
          await manager.query(
            'INSERT INTO reader.dead_letters VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING',
            [consumer, ...['topic', 'partition', 'offset', 'value', 'reason'].map((name) => message[name])],
          );
          if (failing-- > 0) throw new Error('not yet');
        },
      };
      const deadLetters = () =>
        dataSource.query(
          `SELECT topic, "partition", convert_from(value, 'UTF8') AS value, reason FROM reader.dead_letters WHERE consumer = $1 ORDER BY 2`,
          [consumer],
        );
      const one = await start(world, deadLetter as never);
      const two = await start(world, deadLetter as never);
      await until(async () => (await one.versions(stream)).length === 2 && (await deadLetters()).length >= 3);
      await until(() => one.running.status().hasCaughtUp && two.running.status().hasCaughtUp);
      await Promise.all([one.bus.stop(), two.bus.stop()]);
      // The last message that was handled is one of those: it identifies the topic, as an event would.
      const again = await start(world, deadLetter as never);
      await until(() => again.running.status().hasCaughtUp);
      await again.bus.stop();
      expect(await one.versions(stream)).toEqual([1, 2]);
      expect(await deadLetters()).toEqual(
        [0, 1, 2].map((partition) => ({
          topic: DENIALS,
          partition,
          value: `poison ${partition}`,
          reason: 'The message is not JSON in UTF-8.',
        })),
      );
    });

    it('and that has nothing else in a partition, continues in the recreated, empty topic', async () => {
      await deleteTopic(DENIALS);
      await publishAllAgain();
      const { dataSource } = world.checkpoints;
      const deadLetter = async (manager: typeof dataSource.manager) =>
        void (await manager.query(`INSERT INTO reader.dead_letters VALUES ('poison')`));
      const empty = await onAdmin(async (admin) =>
        (await admin.fetchTopicOffsets(world.topicPrefix + DENIALS)).find(({ high }) => high === '0'),
      );
      // The denials of this file are of few users: one of the partitions has none.
      if (!empty) throw new Error('Every partition has denials.');
      await put(DENIALS, empty.partition, 'poison');
      const before = await start(world, { topics: [DENIALS], deadLetter });
      await until(() => before.running.status().hasCaughtUp);
      await before.bus.stop();
      await deleteTopic(DENIALS);
      await publishAllAgain();
      const after = await start(world, { topics: [DENIALS], deadLetter, consumer: before.consumer });
      await until(() => after.running.status().hasCaughtUp);
      expect(after.running.status().lastError).toBeNull();
      await after.bus.stop();
    });
  });
});
