import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS, type JournalId } from '@postern/contracts';
import { askForRepublish, loadJournalId, pendingRepublish } from '@postern/event-store';
import { describeWithKafka, until, openClient } from '@postern/testing';
import { start } from '../testing/bus-contract.js';
import { kafkaWorld, type KafkaWorld } from './testing/kafka-world.js';

const EVERY_TOPIC = Object.values(TOPICS);
const newUser = () => `smtp-user/${newId()}`;
const newDenials = () => `auth-denials/${newId()}`;
const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);

/** Publishes until Kafka has all that the journal has, and ends. */
async function publishAll(world: KafkaWorld, topicPrefix = world.topicPrefix): Promise<void> {
  const publisher = world.publisher({ topicPrefix });
  await publisher.start();
  await until(async () => (await publisher.lag()).events === 0);
  await publisher.stop();
}

/** Databases that were made from one template are copies of each other; this one is another. */
async function becomeAnother(world: KafkaWorld): Promise<JournalId> {
  await asOwner(world, 'UPDATE journal.identity SET id = gen_random_uuid()');
  return loadJournalId(world.feed);
}

async function asOwner(world: KafkaWorld, sql: string): Promise<void> {
  const owner = await openClient(world.url);
  await owner.query(sql).finally(() => owner.end());
}

describeWithKafka(describe, 'two databases that were given one broker', (kafka) => {
  let theirs: KafkaWorld;
  let ours: KafkaWorld;
  let ids: { theirs: JournalId; ours: JournalId };
  beforeAll(async () => {
    theirs = await kafkaWorld(kafka.address, { publishes: false });
    ours = await kafkaWorld(kafka.address, { publishes: false });
    ids = { theirs: await becomeAnother(theirs), ours: await becomeAnother(ours) };
  });
  afterAll(async () => {
    await ours?.close();
    await theirs?.close();
  });

  /** A consumer of the world's database, on the topics of the other. */
  const misled = (world: KafkaWorld, changes: Parameters<typeof start>[1]) =>
    start({ ...world, bus: () => world.bus({ topicPrefix: theirs.topicPrefix }) }, changes);
  const deadLetter = async () => {
    throw new Error('dead-lettered');
  };

  it.each([
    ['users', newUser, { topics: [TOPICS.smtpUsers] }],
    ['denials, which otherwise become dead letters', newDenials, { topics: [TOPICS.authDenials], deadLetter }],
  ])(
    'the consumer of one reads nothing from the other’s topic of %s and says why; the other’s consumer continues',
    async (_, newStream, changes) => {
      // On every partition.
      const streams = Array.from({ length: 12 }, newStream);
      const own = await start(theirs, changes);
      for (const stream of streams) await theirs.append(stream, 2);
      await publishAll(theirs);
      const consumer = await misled(ours, { ...changes, consumer: own.consumer });
      await until(() => consumer.running.status().lastError !== null);
      expect(consumer.running.status()).toMatchObject({ caughtUp: false, hasCaughtUp: false });
      await until(() => [...consumer.running.status().halted.values()][0] !== 0);
      expect(consumer.running.status().lastError).toMatchObject({
        name: 'TopicOfAnotherJournal',
        message: expect.stringMatching(
          new RegExp(
            `^Partition \\d of ${changes.topics[0]} has at offset \\d+ a message of the journal ${ids.theirs}; this database’s is ` +
              `${ids.ours}\\. .*Set POSTERN_KAFKA_BROKERS to a broker of its own`,
          ),
        ),
      });
      // Their consumers share no group with ours, whose instance would hold partitions that it halts in.
      for (const stream of streams) await theirs.append(stream, 1);
      await publishAll(theirs);
      for (const stream of streams) {
        await until(async () => (await own.versions(stream)).length === 3);
        expect([await own.versions(stream), await consumer.versions(stream)]).toEqual([upTo(3), []]);
      }
      await Promise.all([consumer.bus.stop(), own.bus.stop()]);
    },
  );

  it('the publisher of one does not start on the other’s topics', async () => {
    await theirs.append(newUser(), 1);
    await publishAll(theirs);
    const publisher = ours.publisher({ topicPrefix: theirs.topicPrefix });
    await expect(publisher.start()).rejects.toMatchObject({
      name: 'TopicOfAnotherJournal',
      message: expect.stringContaining(`a message of the journal ${ids.theirs}; this database’s is ${ids.ours}.`),
    });
    await publisher.stop();
  });

  it('the publisher of one deletes none of the other’s topics, also where it is asked to fill them', async () => {
    const user = newUser();
    await theirs.append(user, 2);
    await publishAll(theirs);
    await ours.append(newUser(), 1);
    await publishAll(ours);
    await askForRepublish(ours.feed, TOPICS.smtpUsers);
    const publisher = ours.publisher({ topicPrefix: theirs.topicPrefix });
    await expect(publisher.start()).rejects.toMatchObject({ name: 'TopicOfAnotherJournal' });
    await publisher.stop();
    const own = await start(theirs, {});
    await until(async () => (await own.versions(user)).length === 2);
    await own.bus.stop();
    await publishAll(ours);
  });
});

describeWithKafka(describe, 'a database that is older than the topics', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address, { publishes: false });
  });
  afterAll(() => world?.close());

  /** What stands in the topics behind this is gone from the database, as after a restore of a backup. */
  async function loseLast(events: number): Promise<void> {
    await asOwner(
      world,
      `ALTER TABLE journal.events DISABLE TRIGGER append_only;
       DELETE FROM journal.events WHERE position IN (SELECT position FROM journal.events ORDER BY xid DESC, position DESC LIMIT ${events});
       ALTER TABLE journal.events ENABLE ALWAYS TRIGGER append_only`,
    );
  }

  it('publishes nothing until the topics were recreated, is noticed by a consumer that applied lost events, and flows after the one procedure', async () => {
    const stream = newUser();
    const [before, after] = [newUser(), newUser()];
    await world.append(stream, 3);
    await publishAll(world);
    await world.append(before, 1);
    await world.append(stream, 2);
    await publishAll(world);
    const running = await start(world, {});
    await until(async () => (await running.versions(stream)).length === 5);
    await running.bus.stop();

    // A backup from before the last two; other events come to the same stream.
    await loseLast(2);
    await world.append(stream, 2);
    const refused = world.publisher();
    await expect(refused.start()).rejects.toMatchObject({
      name: 'TopicAheadOfJournal',
      message: expect.stringMatching(
        /^The journal of this database does not have the event \S+ at offset \d+ of partition \d of postern\.smtp-users\.v1, .*`postern republish` for all topics/,
      ),
    });
    await refused.stop();

    for (const topic of EVERY_TOPIC) expect(await askForRepublish(world.feed, topic)).toBe('asked');
    await publishAll(world);
    expect(await pendingRepublish(world.feed)).toBeNull();
    // A read model that was not rebuilt has two versions of the lost events.
    const consumer = await start(world, { consumer: running.consumer });
    await until(() => consumer.running.status().halted.get(TOPICS.smtpUsers) === 1);
    expect(consumer.running.status().lastError).toMatchObject({ name: 'StreamConflict' });
    expect(await consumer.versions(stream)).toEqual(upTo(5));

    await world.forget(consumer.consumer);
    await world.append(after, 1);
    await publishAll(world);
    await until(async () => (await consumer.versions(after)).length === 1);
    await until(() => consumer.running.status().caughtUp && consumer.running.status().lastError === null);
    expect([await consumer.versions(stream), await consumer.versions(before)]).toEqual([
      [...upTo(5), ...upTo(5)],
      [1, 1],
    ]);
    await consumer.bus.stop();
  });
});
