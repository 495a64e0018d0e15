import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka } from '@postern/testing';
import { EVENT_BUS_CONTRACT } from '../test-support/bus-contract.js';
import { kafkaWorld, type KafkaWorld } from './test-support/kafka-world.js';

describeWithKafka(describe, 'the event bus on Kafka', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address);
  }, 60_000);
  afterAll(() => world?.close());

  it.each(EVENT_BUS_CONTRACT)('$name', async ({ run }) => {
    await expect(run(world)).resolves.toBeUndefined();
  });
});
