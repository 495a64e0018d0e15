import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@postern/contracts';
import { describeWithKafka, until } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import { SESSION_TIMEOUT_MS } from './group-consumer.js';
import { kafkaWorld, usersInEveryPartition, type KafkaWorld } from '../testing/kafka-world.js';
import type { SlowConsumer } from '../testing/slow-consumer.js';

const PROGRAM = join(
  import.meta.dirname.replace(/[\\/]libs[\\/]event-bus[\\/]src[\\/]kafka[\\/]consume$/, ''),
  'dist/libs/event-bus/src/kafka/testing/slow-consumer.js',
);

const newUser = () => `smtp-user/${newId()}`;
const upTo = (version: number) => Array.from({ length: version }, (_, i) => i + 1);

describeWithKafka(describe, 'instances of one consumer', (kafka) => {
  let world: KafkaWorld;
  beforeAll(async () => {
    world = await kafkaWorld(kafka.address);
  });
  afterAll(() => world?.close());

  it('share the partitions, and lose and double nothing while others come and go', async () => {
    const streams = usersInEveryPartition(3);
    const consumer = `consumer-${newId()}`;
    const handledBy = new Map<number, number>();
    const instance = (id: number) =>
      start(world, { consumer, maxBatch: 2 }, async (batch, apply) => {
        await apply(batch);
        handledBy.set(id, (handledBy.get(id) ?? 0) + batch.events.length);
      });
    const one = await instance(1);
    let appended = 0;
    const appendRound = async () => {
      for (const stream of streams) await world.append(stream, 1);
      appended += 1;
    };
    const appendUntilHandledBy = async (id: number) => {
      handledBy.delete(id);
      await until(async () => {
        await appendRound();
        return (handledBy.get(id) ?? 0) > 0;
      });
    };
    await appendUntilHandledBy(1);
    const two = await instance(2);
    await appendUntilHandledBy(2);
    const three = await instance(3);
    await appendUntilHandledBy(3);
    await two.bus.stop();
    await appendRound();
    await one.bus.stop();
    await appendUntilHandledBy(3);
    await until(async () =>
      (await Promise.all(streams.map((stream) => one.versions(stream)))).every(({ length }) => length >= appended),
    );
    for (const stream of streams) expect(await one.versions(stream)).toEqual(upTo(appended));
    await until(() => three.running.status().caughtUp);
    await three.bus.stop();
  });

  it('keep their partitions while a batch takes longer than the session time-out', async () => {
    const stream = newUser();
    const consumer = `consumer-${newId()}`;
    let entered = 0;
    const instance = () =>
      start(world, { consumer }, async (batch, apply) => {
        if (batch.events.some(({ streamId }) => streamId === stream)) {
          entered += 1;
          await sleep(SESSION_TIMEOUT_MS + 2_000);
        }
        await apply(batch);
      });
    const [one, two] = [await instance(), await instance()];
    await until(() => one.running.status().hasCaughtUp && two.running.status().hasCaughtUp);
    await world.append(stream, 2);
    await until(async () => (await one.versions(stream)).length === 2);
    await until(() => one.running.status().caughtUp && two.running.status().caughtUp);
    expect([entered, one.running.status().failures, two.running.status().failures]).toEqual([1, 0, 0]);
    expect(await one.versions(stream)).toEqual([1, 2]);
    await Promise.all([one.bus.stop(), two.bus.stop()]);
  });

  it('take over from a frozen member, which undoes nothing when it wakes', async () => {
    const stream = newUser();
    const consumer = `consumer-${newId()}`;
    const { url, kafka: settings, topicPrefix, checkpoints } = world;
    const slow: SlowConsumer = {
      url,
      kafka: settings,
      topicPrefix,
      consumer,
      table: checkpoints.table,
    };
    const zombie = spawn(process.execPath, [PROGRAM, JSON.stringify(slow)], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let said = '';
      zombie.stdout.on('data', (text: Buffer) => (said += text.toString()));
      await world.append(stream, 3);
      await until(() => said.includes('inside'));
      // Its open transaction holds back what is appended from here on, until it ends or the database ends it.
      zombie.kill('SIGSTOP');
      const other = await start(world, { consumer });
      await until(async () => (await other.versions(stream)).length === 3);
      zombie.kill('SIGCONT');
      await until(() => said.includes('ended'));
      expect(await other.versions(stream)).toEqual(upTo(3));
      // It is a member again, and works on.
      await world.append(stream, 1);
      await until(async () => (await other.versions(stream)).length === 4);
      await until(() => other.running.status().caughtUp);
      expect(await other.versions(stream)).toEqual(upTo(4));
      await other.bus.stop();
    } finally {
      zombie.kill('SIGKILL');
    }
  });
});
