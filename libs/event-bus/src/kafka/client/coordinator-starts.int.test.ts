import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { loadJournalId } from '@postern/event-store';
import { describeWithKafka, KAFKA_CACHE, until } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import { RELAY_POLICIES } from '../topics/topic-settings.js';
import { kafkaWorld, type KafkaWorld } from '../testing/kafka-world.js';

describeWithKafka(describe, 'a broker that has just been started for the first time', () => {
  let dataDir: string;
  let broker: KafkaBroker;
  let world: KafkaWorld;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'postern-first-start-'));
    broker = await startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE });
    world = await kafkaWorld(broker.address, { publishes: false });
  });
  afterAll(async () => {
    await world?.close();
    await broker?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('is used without a word of failure', async () => {
    const failures: string[] = [];
    const onFailure = (...reported: unknown[]) => failures.push(String(reported.at(-1)));
    const publisher = world.publisher({ onFailure });
    const bus = world.bus({ onFailure });
    const writer = bus.writer(RELAY_POLICIES.topic);
    try {
      const consumers = [1, 2, 3].map(() => start({ ...world, bus: () => bus }, { consumer: newId() }));
      const journal = await loadJournalId(world.feed);
      const [begun] = await Promise.all([Promise.all(consumers), publisher.start(), writer.open(journal)]);
      await world.append('smtp-user/first', 1);
      await until(async () => {
        const versions = await Promise.all(begun.map((each) => each.versions('smtp-user/first')));
        return versions.flat().length === begun.length;
      });
      expect(failures).toEqual([]);
    } finally {
      await Promise.all([writer.close(), publisher.stop(), bus.stop()]);
    }
  });
});
