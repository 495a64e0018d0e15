import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { describeWithKafka, until, openClient } from '@postern/testing';
import { EVENT_BUS_CONTRACT, start } from '../testing/bus-contract.js';
import { kafkaWorld, type KafkaWorld } from './testing/kafka-world.js';

describeWithKafka(describe, 'the event bus on Kafka', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address);
  });
  afterAll(() => world?.close());

  it.each(EVENT_BUS_CONTRACT)('$name', async ({ run }) => {
    await expect(run(world)).resolves.toBeUndefined();
  });

  it('includes in a consumer’s lag the events that an open transaction holds back', async () => {
    const { running, bus } = await start(world, {});
    const lag = () => running.lag().catch(() => null);
    await until(async () => (await lag())?.events === 0);
    const owner = await openClient(world.url);
    try {
      await owner.query('BEGIN');
      await owner.query('SELECT pg_current_xact_id()');
      await world.append(`smtp-user/${newId()}`, 2);
      await world.append(`tenant/${newId()}`, 1);
      const { events, seconds } = await running.lag();
      expect(events).toBe(2);
      expect(seconds).toBeGreaterThan(0);
      await until(async () => ((await lag())?.seconds ?? 0) > seconds);
    } finally {
      await owner.end();
    }
    await until(async () => (await lag())?.events === 0);
    await bus.stop();
  });
});
