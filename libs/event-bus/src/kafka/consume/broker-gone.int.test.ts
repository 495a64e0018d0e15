import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { freePort, startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { describeWithKafka, KAFKA_CACHE, NetworkPath, until } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import type { KafkaEventBus } from '../kafka-event-bus.js';
import { kafkaWorld, type KafkaWorld } from '../testing/kafka-world.js';

describeWithKafka(describe, 'a publisher and a consumer whose broker was killed and came back', () => {
  let folder: string;
  let broker: KafkaBroker;
  let world: KafkaWorld;
  let bus: KafkaEventBus;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-broker-gone-'));
    broker = await startKafkaBroker({ dataDir: folder, cacheDir: KAFKA_CACHE });
    world = await kafkaWorld(broker.address);
    bus = world.bus();
  });
  afterAll(async () => {
    await bus?.stop();
    await world?.close();
    await broker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('continue in order and without gaps', async () => {
    const streams = Array.from({ length: 3 }, () => `smtp-user/${newId()}`);
    const appendSome = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) for (const stream of streams) await world.append(stream, 20);
    };
    const consumer = await start({ ...world, bus: () => bus }, {});
    await appendSome(5);
    await until(async () => (await consumer.versions(streams[0] ?? '')).length > 0);
    const appending = appendSome(20);
    await broker.kill();
    await appending;
    await until(() => consumer.running.status().lastError?.name === 'KafkaUnreachable');
    await appendSome(5);
    const port = Number(broker.address.split(':')[1]);
    broker = await startKafkaBroker({ dataDir: folder, cacheDir: KAFKA_CACHE, port });
    await appendSome(5);
    for (const stream of streams) {
      await until(async () => (await consumer.versions(stream)).length >= 700);
      expect(await consumer.versions(stream)).toEqual(Array.from({ length: 700 }, (_, i) => i + 1));
    }
    await until(() => consumer.running.status().lastError === null);
  });
});

describeWithKafka(
  describe,
  'a publisher and a consumer whose connections to the broker a firewall has forgotten',
  () => {
    let folder: string;
    let path: NetworkPath;
    let broker: KafkaBroker;
    let world: KafkaWorld;
    let bus: KafkaEventBus;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-broker-forgotten-'));
      const port = await freePort();
      ({ path } = await NetworkPath.to(`kafka://127.0.0.1:${port}`));
      const advertisedPort = Number(path.address.split(':')[1]);
      broker = await startKafkaBroker({ dataDir: folder, cacheDir: KAFKA_CACHE, port, advertisedPort });
      world = await kafkaWorld(path.address);
      bus = world.bus();
    });
    afterAll(async () => {
      await bus?.stop();
      await world?.close();
      await path?.close();
      await broker?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('are closed after the first request without an answer, and replaced by new ones', async () => {
      const stream = `smtp-user/${newId()}`;
      const consumer = await start({ ...world, bus: () => bus }, {});
      await world.append(stream, 1);
      await until(async () => (await consumer.versions(stream)).length === 1);
      path.forget();
      await world.append(stream, 1);
      await until(async () => (await consumer.versions(stream)).length === 2);
      await until(() => consumer.running.status().lastError === null);
      expect(await consumer.versions(stream)).toEqual([1, 2]);
    });
  },
);
