import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { newId, TOPICS } from '@postern/contracts';
import { until } from '@postern/testing';
import {
  type EventBatch,
  type EventBus,
  type RunningSubscription,
  type Subscription,
  HALTED_AFTER_ATTEMPTS,
} from '../event-bus.js';
import { EventsMissing } from '../stream-version.js';
import type { BusWorld } from './bus-world.js';

/** What every adapter must do. Free of a test framework, so that it is no test itself: `it.each(EVENT_BUS_CONTRACT)`. */
export const EVENT_BUS_CONTRACT: readonly { name: string; run(world: BusWorld): Promise<void> }[] = [
  {
    name: 'brings every event of the topic once in effect, in order per stream, those before and those after the start',
    run: async (world) => {
      const [a, b] = [`smtp-user/${newId()}`, `smtp-user/${newId()}`];
      await world.append(a, 3);
      const consumer = await start(world, { maxBatch: 2 });
      await world.append(b, 2);
      await world.append(a, 2);
      await until(async () => (await consumer.versions(a)).length === 5 && (await consumer.versions(b)).length === 2);
      deepEqual(await consumer.versions(a), [1, 2, 3, 4, 5]);
      deepEqual(await consumer.versions(b), [1, 2]);
      await until(() => consumer.running.status().caughtUp);
      await consumer.bus.stop();
    },
  },
  {
    name: 'brings a consumer nothing of other topics, and each of two consumers everything',
    run: async (world) => {
      const [user, denials] = [`smtp-user/${newId()}`, `auth-denials/${newId()}`];
      const one = await start(world, {});
      const two = await start(world, { topics: [TOPICS.authDenials] });
      await world.append(denials, 2);
      await world.append(user, 1);
      await world.append(denials, 1);
      await until(async () => (await one.versions(user)).length === 1 && (await two.versions(denials)).length === 3);
      deepEqual(await one.versions(denials), []);
      deepEqual(await two.versions(user), []);
      deepEqual(await two.versions(denials), [1, 2, 3]);
      await Promise.all([one.bus.stop(), two.bus.stop()]);
    },
  },
  {
    name: 'repeats a failed batch until it goes through; nothing overtakes it and nothing is skipped',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      let failing = 3;
      const consumer = await start(world, { maxBatch: 1 }, async (batch, apply) => {
        const bad = batch.events.some((event) => event.streamId === stream && event.version === 2);
        if (bad && failing-- > 0) throw new Error('the second event does not go through yet');
        await apply(batch);
      });
      await world.append(stream, 1);
      await world.append(stream, 1);
      await world.append(stream, 1);
      await until(() => consumer.running.status().failures > 0);
      await until(async () => (await consumer.versions(stream)).length === 3);
      deepEqual(await consumer.versions(stream), [1, 2, 3]);
      equal(consumer.running.status().failures, 3);
      await until(() => consumer.running.status().lastError === null);
      await consumer.bus.stop();
    },
  },
  {
    name: 'counts as halted what failed again and again, from the start on, and no more once it goes through',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      let repaired = false;
      const consumer = await start(world, {}, async (batch, apply) => {
        if (!repaired) throw new Error('it does not go through yet');
        await apply(batch);
      });
      const halted = () => [...consumer.running.status().halted];
      deepEqual(halted(), [[TOPICS.smtpUsers, 0]]);
      await world.append(stream, 1);
      await until(() => consumer.running.status().halted.get(TOPICS.smtpUsers) !== 0);
      ok(consumer.running.status().failures >= HALTED_AFTER_ATTEMPTS);
      repaired = true;
      await until(async () => (await consumer.versions(stream)).length === 1);
      await until(() => consumer.running.status().halted.get(TOPICS.smtpUsers) === 0);
      deepEqual(halted(), [[TOPICS.smtpUsers, 0]]);
      await consumer.bus.stop();
    },
  },
  {
    name: 'says loudly that a handler forgot to advance, and does not go on',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      const seen: number[] = [];
      const consumer = await start(world, { maxBatch: 1 }, async (batch) => {
        for (const event of batch.events) if (event.streamId === stream) seen.push(event.version);
      });
      await world.append(stream, 2);
      await until(() => consumer.running.status().failures > 1);
      equal(consumer.running.status().lastError?.name, 'CheckpointNotAdvanced');
      ok(!seen.includes(2));
      await consumer.bus.stop();
    },
  },
  {
    name: 'lets two instances of one consumer count each event once, and both go on',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      const one = await start(world, { maxBatch: 3 });
      const two = await start(world, { maxBatch: 2, consumer: one.consumer });
      for (let i = 0; i < 10; i++) await world.append(stream, 2);
      await until(async () => (await one.versions(stream)).length >= 20);
      await one.bus.stop();
      await world.append(stream, 1);
      await until(async () => (await two.versions(stream)).length >= 21);
      deepEqual(
        await two.versions(stream),
        Array.from({ length: 21 }, (_, i) => i + 1),
      );
      await two.bus.stop();
    },
  },
  {
    name: 'handles the events before a gap, waits there, and goes on by itself once the missing event was applied',
    run: async (world) => {
      const [stream, other] = [`smtp-user/${newId()}`, `smtp-user/${newId()}`];
      const seen: number[] = [];
      let missing = true;
      const consumer = await start(world, {}, async (batch, apply) => {
        const third = batch.events.find((event) => event.streamId === stream && event.version === 3);
        if (third && missing) throw new EventsMissing(third, 1);
        seen.push(...batch.events.filter((event) => event.streamId === stream).map(({ version }) => version));
        await apply(batch);
      });
      await world.append(other, 1);
      await world.append(stream, 4);
      await until(async () => (await consumer.versions(stream)).length === 2);
      equal(consumer.running.status().caughtUp, false);
      deepEqual(seen, [1, 2]);
      missing = false;
      await until(async () => (await consumer.versions(stream)).length === 4);
      deepEqual([await consumer.versions(stream), await consumer.versions(other)], [[1, 2, 3, 4], [1]]);
      await until(() => consumer.running.status().lastError === null);
      await consumer.bus.stop();
    },
  },
  {
    name: 'halts at once where another event was applied as the same version, says what to do, and goes on once the read model was emptied',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      const consumer = await start(world, { maxBatch: 1 });
      await world.append(stream, 2);
      await until(async () => (await consumer.versions(stream)).length === 2);
      await until(() => consumer.running.status().caughtUp);
      const { dataSource } = world.checkpoints;
      // As after a restore: what was applied as the third version is not in the journal.
      await dataSource.query(
        `UPDATE reader.streams SET version = 3, event_id = $3 WHERE consumer = $1 AND stream_id = $2`,
        [consumer.consumer, stream, newId()],
      );
      await world.append(stream, 1);
      await until(() => consumer.running.status().halted.get(TOPICS.smtpUsers) === 1);
      equal(consumer.running.status().lastError?.name, 'StreamConflict');
      match(consumer.running.status().lastError?.message ?? '', /restored from a backup.*`postern rebuild`/);
      deepEqual(await consumer.versions(stream), [1, 2]);
      await world.forget(consumer.consumer);
      await until(async () => (await consumer.versions(stream)).length === 5);
      await until(() => consumer.running.status().halted.get(TOPICS.smtpUsers) === 0);
      deepEqual(await consumer.versions(stream), [1, 2, 1, 2, 3]);
      await consumer.bus.stop();
    },
  },
  {
    name: 'goes on after a restart from its checkpoint',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      const before = await start(world, {});
      await world.append(stream, 2);
      await until(async () => (await before.versions(stream)).length === 2);
      await before.bus.stop();
      await world.append(stream, 1);
      const after = await start(world, { consumer: before.consumer });
      await until(async () => (await after.versions(stream)).length === 3);
      deepEqual(await after.versions(stream), [1, 2, 3]);
      await after.bus.stop();
    },
  },
  {
    name: 'reports once that it has caught up, remembers it whoever asked, and reports it again after its checkpoint was emptied',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      await world.append(stream, 3);
      const handledWhenCaughtUp: number[] = [];
      const consumer = await start(world, {
        onCaughtUp: async () => void handledWhenCaughtUp.push((await consumer.versions(stream)).length),
      });
      await until(() => consumer.running.status().hasCaughtUp);
      await world.append(stream, 1);
      await until(async () => (await consumer.versions(stream)).length === 4);
      equal(handledWhenCaughtUp.length, 1);
      await world.forget(consumer.consumer);
      await world.append(stream, 1);
      await until(() => handledWhenCaughtUp.length === 2);
      equal(consumer.running.status().hasCaughtUp, true);
      ok((handledWhenCaughtUp[0] ?? 0) >= 3 && (handledWhenCaughtUp[1] ?? 0) >= 9);
      await consumer.bus.stop();
    },
  },
  {
    name: 'waits with its stop for the batch that is being handled, and hands out none after it',
    run: async (world) => {
      const stream = `smtp-user/${newId()}`;
      let entered: () => void = () => undefined;
      let leave: () => void = () => undefined;
      const inside = new Promise<void>((done) => (entered = done));
      const gate = new Promise<void>((done) => (leave = done));
      const consumer = await start(world, { maxBatch: 1 }, async (batch, apply) => {
        if (batch.events.some((event) => event.streamId === stream)) {
          entered();
          await gate;
        }
        await apply(batch);
      });
      await world.append(stream, 2);
      await inside;
      let stopped = false;
      const stopping = consumer.bus.stop().then(() => (stopped = true));
      await new Promise((done) => setTimeout(done, 30));
      equal(stopped, false);
      leave();
      await stopping;
      deepEqual(await consumer.versions(stream), [1]);
    },
  },
];

type Apply = (batch: EventBatch) => Promise<void>;

interface Consumer {
  readonly consumer: string;
  readonly bus: EventBus;
  readonly running: RunningSubscription;
  /** Versions of the stream in the order in which they took effect. */
  versions(streamId: string): Promise<number[]>;
}

/** Starts a consumer on a bus of its own, as another process would; it applies by the streams' versions, and its effect is a row an event. */
export async function start(
  world: BusWorld,
  changes: Partial<Subscription>,
  handle?: (batch: EventBatch, apply: Apply) => Promise<void>,
): Promise<Consumer> {
  const consumer = changes.consumer ?? `consumer-${newId()}`;
  const apply: Apply = (batch) => world.apply(consumer, batch);
  const bus = world.bus();
  const running = await bus.subscribe({
    topics: [TOPICS.smtpUsers],
    checkpoints: world.checkpoints,
    ...changes,
    consumer,
    handle: (batch) => (handle ? handle(batch, apply) : apply(batch)),
  });
  return { consumer, bus, running, versions: (streamId) => world.effects(consumer, streamId) };
}
