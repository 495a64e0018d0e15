import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, TOPICS, type EventEnvelope, type Topic } from '@postern/contracts';
import { askForRepublish, pendingRepublish, republishLeft } from '@postern/event-store';
import { deleteTopic, describeWithKafka, followTopic, type FollowedTopic, until, openClient } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import { topicOffsets, withAdmin } from '../topics/read-topics.js';
import { EVENT_TOPICS } from '../topics/topic-settings.js';
import { kafkaWorld, type KafkaWorld } from '../testing/kafka-world.js';

/** What is sent twice is a repeat: nothing may be ahead of what comes before it. */
const firsts = (versions: readonly number[]) => versions.filter((version, i) => versions.indexOf(version) === i);
const upTo = (version: number, from = 1) => Array.from({ length: version - from + 1 }, (_, i) => i + from);

/** The versions of a stream, in the order in which they came. */
const versionsOf = ({ messages }: FollowedTopic, stream: string) =>
  messages
    .map(({ value }) => JSON.parse(value) as EventEnvelope)
    .filter(({ subject }) => subject === stream)
    .map(({ streamversion }) => streamversion);

/** Waits until everything that the topic has now was read. */
async function readToTheEnd({ kafka, topicPrefix }: KafkaWorld, topic: Topic, { messages }: FollowedTopic) {
  const partitions = await withAdmin(kafka, (admin) => topicOffsets(admin, topicPrefix + topic));
  const end = partitions.reduce((sum, { high }) => sum + high, 0);
  await until(() => messages.length >= end);
}

describeWithKafka(describe, 'a topic that is filled again', (kafka) => {
  let world: KafkaWorld;
  const followed: FollowedTopic[] = [];
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address, { publishes: true });
  });
  afterEach(async () => {
    for (const each of followed.splice(0)) await each.stop();
  });
  afterAll(() => world?.close());

  const nameOf = (topic: Topic) => world.topicPrefix + topic;
  const follow = async (topic: Topic) => {
    const follower = await followTopic(kafka.address, nameOf(topic));
    followed.push(follower);
    return follower;
  };
  const outside = async (topic: Topic) => {
    const follower = await follow(topic);
    return (stream: string) => versionsOf(follower, stream);
  };
  const filled = async (topic: Topic) => {
    await until(async () => (await republishLeft(world.feed, topic)) === 0);
    expect(await pendingRepublish(world.feed)).toBeNull();
  };

  it('has every event once more in order, consumers go on with what is new, and other topics get nothing twice', async () => {
    const [user, denials] = [`smtp-user/${newId()}`, `auth-denials/${newId()}`];
    await world.append(user, 400);
    await world.append(denials, 5);
    const consumer = await start(world, { topics: [TOPICS.smtpUsers, TOPICS.authDenials] });
    await until(async () => (await consumer.versions(user)).length === 400);
    await until(async () => (await consumer.versions(denials)).length === 5);
    const ofDenials = await follow(TOPICS.authDenials);
    await readToTheEnd(world, TOPICS.authDenials, ofDenials);
    // On a busy machine a page that was not answered in time has been sent again already.
    const before = versionsOf(ofDenials, denials);
    expect(firsts(before)).toEqual(upTo(5));

    await deleteTopic(kafka.address, nameOf(TOPICS.smtpUsers));
    expect(await askForRepublish(world.feed, TOPICS.smtpUsers)).toBe('asked');
    await world.append(user, 100);
    await world.append(denials, 1);
    await filled(TOPICS.smtpUsers);

    const versions = await outside(TOPICS.smtpUsers);
    await until(() => firsts(versions(user)).length >= 500);
    expect(firsts(versions(user))).toEqual(upTo(500));
    await until(() => versionsOf(ofDenials, denials).includes(6));
    await until(async () => (await consumer.versions(user)).length >= 500);
    await until(async () => (await consumer.versions(denials)).length >= 6);
    expect([await consumer.versions(user), await consumer.versions(denials)]).toEqual([upTo(500), upTo(6)]);
    // The sixth was on a page that may have been sent more than once, while the topic of users was away.
    expect(versionsOf(ofDenials, denials).filter((version) => version < 6)).toEqual(before);
    await consumer.bus.stop();
  });

  it('begins with the oldest, also where newer ones came to it between its deletion and the question', async () => {
    const user = `smtp-user/${newId()}`;
    await world.append(user, 20);
    const consumer = await start(world, { topics: [TOPICS.smtpUsers] });
    await until(async () => (await consumer.versions(user)).length === 20);
    await deleteTopic(kafka.address, nameOf(TOPICS.smtpUsers));
    await world.append(user, 3);
    await ensureTopics(world.kafka, EVENT_TOPICS, world.topicPrefix);
    await world.sendLast(user);
    const publisher = world.publisher();
    await until(async () => (await publisher.lag()).events === 0);
    const made = await outside(TOPICS.smtpUsers);
    await until(() => made(user).includes(23));
    expect(made(user)).not.toContain(1);

    expect(await askForRepublish(world.feed, TOPICS.smtpUsers)).toBe('asked');
    await filled(TOPICS.smtpUsers);
    await world.append(user, 2);
    await until(async () => (await consumer.versions(user)).length >= 25);
    expect(await consumer.versions(user)).toEqual(upTo(25));
    const versions = await outside(TOPICS.smtpUsers);
    await until(() => firsts(versions(user)).length >= 25);
    expect(firsts(versions(user))).toEqual(upTo(25));
    await consumer.bus.stop();
  });

  it('is waited for: nothing newer goes to one that was emptied, and the publisher says which', async () => {
    const [user, tenant] = [`smtp-user/${newId()}`, `tenant/${newId()}`];
    await world.append(user, 2);
    await world.append(tenant, 2);
    const topics = [TOPICS.smtpUsers, TOPICS.tenants];
    const { consumer: name, ...first } = await start(world, { topics });
    const versions = async () => [await first.versions(user), await first.versions(tenant)];
    await until(async () => (await versions()).every(({ length }) => length === 2));
    // A running consumer would recreate the topics, and the next event could get there before the publisher sees that they are empty.
    await first.bus.stop();
    for (const topic of [TOPICS.smtpUsers, TOPICS.tenants]) await deleteTopic(kafka.address, nameOf(topic));
    await world.append(user, 1);
    await world.append(tenant, 1);
    const { publishes } = world;
    // Who looks at the topics between the two deletions reports the first alone for a moment.
    const halted = await until(
      () => publishes?.status(),
      'a publisher that says which',
      (status) => status?.lastError?.message.includes('`postern republish smtp-users tenants`') === true,
    );
    expect(halted).toMatchObject({ role: 'leader', halted: true });
    // Deleted once more while it is waited for: the publisher creates it again.
    await deleteTopic(kafka.address, nameOf(TOPICS.smtpUsers));
    await until(() =>
      withAdmin(world.kafka, async (admin) => (await admin.listTopics()).includes(nameOf(TOPICS.smtpUsers))),
    );
    const consumer = await start(world, { consumer: name, topics });
    expect(await versions()).toEqual([upTo(2), upTo(2)]);
    await askForRepublish(world.feed, TOPICS.smtpUsers);
    await askForRepublish(world.feed, TOPICS.tenants);
    await filled(TOPICS.smtpUsers);
    await filled(TOPICS.tenants);
    await until(async () => (await versions()).every(({ length }) => length >= 3));
    expect(await versions()).toEqual([upTo(3), upTo(3)]);
    await until(() => publishes?.status().lastError === null && consumer.running.status().lastError === null);
    await consumer.bus.stop();
  });

  it('can be requested without new events, while the topic exists, and for two topics at once', async () => {
    const [user, denials] = [`smtp-user/${newId()}`, `auth-denials/${newId()}`];
    await world.append(user, 3);
    await world.append(denials, 2);
    const [versions, ofDenials] = [await outside(TOPICS.smtpUsers), await outside(TOPICS.authDenials)];
    await until(() => firsts(versions(user)).length === 3 && firsts(ofDenials(denials)).length === 2);
    await askForRepublish(world.feed, TOPICS.smtpUsers);
    await askForRepublish(world.feed, TOPICS.authDenials);
    await filled(TOPICS.smtpUsers);
    await filled(TOPICS.authDenials);
    const [again, ofDenialsAgain] = [await outside(TOPICS.smtpUsers), await outside(TOPICS.authDenials)];
    await until(() => again(user).length >= 3 && ofDenialsAgain(denials).length >= 2);
    expect([firsts(again(user)), firsts(ofDenialsAgain(denials))]).toEqual([upTo(3), upTo(2)]);
  });
});

describeWithKafka(describe, 'a publisher that starts in the middle of a refill', (kafka) => {
  let world: KafkaWorld;
  beforeEach(async () => {
    world = await kafkaWorld(kafka.address, { publishes: false });
  });
  afterEach(() => world?.close());

  it.each(['while the leader fills the topic', 'once the leader is gone'] as const)(
    '%s leads on from there: every event in order, other topics get nothing twice, consumers apply each once',
    async (when) => {
      const [user, denials] = [`smtp-user/${newId()}`, `auth-denials/${newId()}`];
      // Eight pages of the publisher, some of the user on each.
      for (let i = 0; i < 8; i++) {
        await world.append(user, 20);
        await world.append(denials, 980);
      }
      const first = world.publisher();
      await first.start();
      await until(async () => (await first.lag()).events === 0);
      const consumer = await start(world, {});
      await until(async () => (await consumer.versions(user)).length === 160);
      const ofDenials = await followTopic(kafka.address, world.topicPrefix + TOPICS.authDenials);
      await readToTheEnd(world, TOPICS.authDenials, ofDenials);
      // On a busy machine a page that was not answered in time has been sent again already.
      const before = versionsOf(ofDenials, denials);
      expect(firsts(before)).toEqual(upTo(7_840));

      const held = await holdMidway(world, TOPICS.smtpUsers);
      const second = world.publisher();
      if (when === 'while the leader fills the topic') await second.start();
      const ending = first.stop();
      if (when === 'once the leader is gone') {
        await ending;
        await second.start();
      }
      expect(second.status()).toMatchObject({ halted: false });
      await held.release();
      await ending;
      await world.append(user, 1);
      await world.append(denials, 1);
      await until(async () => (await republishLeft(world.feed, TOPICS.smtpUsers)) === 0);
      await until(async () => (await second.lag()).events === 0);
      expect(second.status()).toMatchObject({ role: 'leader', halted: false });

      const users = await followTopic(kafka.address, world.topicPrefix + TOPICS.smtpUsers);
      await until(() => versionsOf(users, user).includes(161));
      await until(() => versionsOf(ofDenials, denials).includes(7_841));
      expect(firsts(versionsOf(users, user))).toEqual(upTo(161));
      expect(versionsOf(ofDenials, denials).filter((version) => version <= 7_840)).toEqual(before);
      await until(async () => (await consumer.versions(user)).length >= 161);
      expect(await consumer.versions(user)).toEqual(upTo(161));
      await Promise.all([users.stop(), ofDenials.stop(), consumer.bus.stop(), second.stop()]);
    },
  );

  it('starts also while the topics are being deleted and created again', async () => {
    await world.append(`smtp-user/${newId()}`, 10);
    const first = world.publisher();
    await first.start();
    await until(async () => (await first.lag()).events === 0);
    for (let round = 0; round < 5; round++) {
      const second = world.publisher();
      await askForRepublish(world.feed, TOPICS.smtpUsers);
      await expect(second.start()).resolves.toBeUndefined();
      await until(async () => (await republishLeft(world.feed, TOPICS.smtpUsers)) === 0);
      await second.stop();
    }
    await first.stop();
  });
});

/** Asks for the topic to be filled again, and keeps the leader's checkpoint before the middle of the journal until it is released. */
async function holdMidway(world: KafkaWorld, topic: Topic): Promise<{ release(): Promise<void> }> {
  const owner = await openClient(world.url);
  const { rows } = await owner.query<{ middle: string }>(
    'SELECT (max(position) / 2)::text AS middle FROM journal.events',
  );
  await owner.query(`
    CREATE FUNCTION journal.hold_midway() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
    CREATE TRIGGER hold_midway BEFORE UPDATE ON journal.checkpoints FOR EACH ROW
      WHEN (NEW.consumer = 'publisher' AND NEW.position > ${rows[0]?.middle}) EXECUTE FUNCTION journal.hold_midway();
    SELECT pg_advisory_lock(1)`);
  const left = () => republishLeft(world.feed, topic);
  await askForRepublish(world.feed, topic);
  const all = await left();
  await until(async () => (await left()) < all);
  return {
    release: async () => {
      expect(await left()).toBeGreaterThan(1_000);
      await owner.query('SELECT pg_advisory_unlock(1)');
      await owner.end();
    },
  };
}

describeWithKafka(describe, 'where nothing was published yet', (kafka) => {
  it('there is nothing to fill a topic with', async () => {
    const world = await kafkaWorld(kafka.address, { publishes: false });
    try {
      expect(await askForRepublish(world.feed, TOPICS.tenants)).toBe('nothing-published');
    } finally {
      await world.close();
    }
  });
});
