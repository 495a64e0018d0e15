import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS } from '@postern/contracts';
import { describeWithKafka, until, openClient } from '@postern/testing';
import kafkajs from 'kafkajs';
import type { EventPublisher } from './event-publisher.js';
import { kafkaWorld, type KafkaWorld } from '../testing/kafka-world.js';

const newUser = () => `smtp-user/${newId()}`;
const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);

/** What stands on the topic, of each stream the versions in the order of the wire. */
async function onWire(world: KafkaWorld, streams: readonly string[], until: () => Promise<boolean>) {
  const consumer = world.client.consumer({ groupId: `${world.topicPrefix}look-${newId()}`, maxWaitTimeInMs: 50 });
  const seen = new Map<string, number[]>(streams.map((stream) => [stream, []]));
  await consumer.connect();
  await consumer.subscribe({ topics: [world.topicPrefix + TOPICS.smtpUsers], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { subject, streamversion } = JSON.parse(message.value?.toString() ?? '{}');
      seen.get(subject)?.push(streamversion);
    },
  });
  return { seen, until, stop: () => consumer.disconnect() };
}

/** Firsts only: what is sent twice must be a repeat, and nothing may be ahead of what comes before it. */
const firsts = (versions: readonly number[]) => versions.filter((version, i) => versions.indexOf(version) === i);

describeWithKafka(describe, 'the publisher', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address, { publishes: false });
  });
  afterAll(() => world?.close());

  const allSent = (publisher: EventPublisher) => until(async () => (await publisher.lag()).events === 0);

  it('is one of several: another leads once the leader’s connection to the database is gone, and nothing is missing or out of order', async () => {
    const stream = newUser();
    const errors: Error[] = [];
    const publishers = [1, 2].map(() => world.publisher({ onFailure: (error) => errors.push(error) }));
    for (const publisher of publishers) await publisher.start();
    const leaders = () => publishers.filter((publisher) => publisher.status().role === 'leader');
    await until(() => leaders().length === 1);
    const [first] = leaders();
    const look = await onWire(world, [stream], async () => true);
    const owner = await openClient(world.url);
    for (let round = 0; round < 10; round++) {
      await world.append(stream, 50);
      if (round !== 5) continue;
      // The one that holds the lock, and with it its turn: it asks again after a second, and the other is faster or not.
      await owner.query(`SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                          WHERE locktype = 'advisory' AND granted AND application_name = 'postern-publisher'
                            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      await until(() => first?.status().role === 'stand-by');
      await until(() => leaders().length === 1);
    }
    await owner.end();
    await allSent(publishers[0] as EventPublisher);
    await until(() => firsts(look.seen.get(stream) ?? []).length === 500);
    expect(firsts(look.seen.get(stream) ?? [])).toEqual(upTo(500));
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/terminat/)]);
    expect(publishers.map((publisher) => publisher.status().lastError)).toContain(null);
    await look.stop();
    await Promise.all(publishers.map((publisher) => publisher.stop()));
  });

  it('hands over at once where it is stopped', async () => {
    const [one, two] = [world.publisher(), world.publisher()];
    await one.start();
    await until(() => one.status().role === 'leader');
    await two.start();
    await one.stop();
    await until(() => two.status().role === 'leader');
    expect(one.status().role).toBe('stand-by');
    await two.stop();
  });

  it('halts before an event that is too large for the topic, says so, and continues when the topic accepts it', async () => {
    const setMost = async (bytes: number) => {
      const admin = world.client.admin();
      await admin.connect();
      const config = {
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'max.message.bytes': bytes,
      };
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value: String(value) }));
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: world.topicPrefix + TOPICS.smtpUsers,
            configEntries: [...configEntries, { name: 'min.insync.replicas', value: '1' }],
          },
        ],
      });
      await admin.disconnect();
    };
    const stream = newUser();
    const publisher = world.publisher();
    await publisher.start();
    await world.append(stream, 1);
    await until(() => publisher.status().role === 'leader');
    await allSent(publisher);
    await setMost(200);
    await world.append(stream, 3);
    await until(() => publisher.status().halted);
    const { lastError } = publisher.status();
    expect(lastError?.message).toMatch(
      new RegExp(
        `^An event of ${stream} has \\d{3} bytes, which is too large for postern.smtp-users.v1\\. .* Raise max.message.bytes`,
      ),
    );
    expect((await publisher.lag()).events).toBe(3);
    await setMost(8_388_608);
    await allSent(publisher);
    await until(() => publisher.status().lastError === null);
    expect(publisher.status()).toMatchObject({ role: 'leader', halted: false });
    await publisher.stop();
  });
});
