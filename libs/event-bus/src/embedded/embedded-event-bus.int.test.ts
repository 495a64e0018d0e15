import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS } from '@postern/contracts';
import { roleUrl } from '@postern/database';
import type { Checkpoint } from '@postern/event-store';
import { until, openClient } from '@postern/testing';
import type { EventBatch } from '../event-bus.js';
import { EVENT_BUS_CONTRACT, start } from '../testing/bus-contract.js';
import { busWorld, type BusWorld } from '../testing/bus-world.js';
import { EmbeddedEventBus } from './embedded-event-bus.js';
import { FEED_SETTINGS, FeedConsumer } from './feed-consumer.js';

let world: BusWorld;
beforeAll(async () => {
  world = await busWorld(
    ({ feed, url }) =>
      new EmbeddedEventBus({ feed, feedUrl: roleUrl(url, 'postern_feed'), retryFirstMs: 10, retryLongestMs: 200 }),
  );
});
afterAll(() => world?.close());

describe('the embedded event bus', () => {
  it.each(EVENT_BUS_CONTRACT)('$name', async ({ run }) => {
    await expect(run(world)).resolves.toBeUndefined();
  });

  it('is back after the database was gone for a while, with nothing lost or doubled', async () => {
    const stream = `smtp-user/${newId()}`;
    const consumer = await start(world, { maxBatch: 1 });
    await world.append(stream, 5);
    const elsewhere = new URL(world.url);
    const name = elsewhere.pathname.slice(1);
    elsewhere.pathname = '/postgres';
    const owner = await openClient(elsewhere.toString());
    await owner.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await owner.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await until(() => consumer.running.status().failures > 2);
    expect(consumer.running.status().caughtUp).toBe(false);
    await owner.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await owner.end();
    await until(async () => (await consumer.versions(stream)).length >= 5);
    await world.append(stream, 1);
    await until(async () => (await consumer.versions(stream)).length >= 6);
    expect(await consumer.versions(stream)).toEqual([1, 2, 3, 4, 5, 6]);
    await consumer.bus.stop();
  });

  it('brings an event that waited in the feed for an older transaction soon after that ends, without another append', async () => {
    const stream = `smtp-user/${newId()}`;
    // A poll that is never reached: only the look again after a fruitless wake can find it.
    const bus = new EmbeddedEventBus({
      feed: world.feed,
      feedUrl: roleUrl(world.url, 'postern_feed'),
      pollMs: 3_600_000,
    });
    const consumer = await start({ ...world, bus: () => bus }, {});
    await until(() => consumer.running.status().caughtUp);
    const older = await openClient(world.url);
    await older.query('BEGIN; SELECT pg_current_xact_id()');
    await world.append(stream, 1);
    await new Promise((done) => setTimeout(done, 15));
    expect(await consumer.versions(stream)).toEqual([]);
    await older.query('COMMIT');
    await until(async () => (await consumer.versions(stream)).length === 1);
    await older.end();
    await bus.stop();
  });

  it('gives a consumer that is far behind the events stream by stream, so that a read model writes a row once for many events', async () => {
    const [first, second, other] = [`smtp-user/${newId()}`, `smtp-user/${newId()}`, `auth-denials/${newId()}`];
    for (let i = 0; i < 10; i++) for (const stream of [second, other, first]) await world.append(stream, 1);
    const batches: string[][] = [];
    const consumer = await start(world, { maxBatch: 5 }, async (batch, apply) => {
      batches.push(batch.events.map(({ streamId }) => streamId).filter((each) => each === first || each === second));
      await apply(batch);
    });
    await until(() => consumer.running.status().hasCaughtUp);
    const all = Array.from({ length: 10 }, (_, i) => i + 1);
    expect([await consumer.versions(first), await consumer.versions(second)]).toEqual([all, all]);
    expect(await consumer.versions(other)).toEqual([]);
    // A page as it came was the first; the later ones are of one stream, but for those at a stream's end.
    expect(batches.filter((batch) => new Set(batch).size > 1).length).toBeLessThanOrEqual(2);
    expect(await world.checkpoint(consumer.consumer)).toMatchObject({ backlogStep: null });
    await consumer.bus.stop();
  });

  it('loads its backlog again if its last steps were undone', async () => {
    const streams = Array.from({ length: 6 }, () => `smtp-user/${newId()}`);
    const ours = (batch: EventBatch) => batch.events.some(({ streamId }) => streams.includes(streamId));
    const consumer = `consumer-${newId()}`;
    for (let i = 0; i < 3; i++) for (const stream of streams) await world.append(stream, 1);
    let taken = false;
    let before: Checkpoint | undefined;
    const running = await start(world, { consumer, maxBatch: 2 }, async (batch, apply) => {
      const { dataSource, table } = world.checkpoints;
      // As a crash of the database does with the last transaction, of which the disk had nothing.
      if (before?.backlogStep && !taken && ours(batch)) {
        taken = true;
        await dataSource.query('DELETE FROM reader.streams WHERE consumer = $1 AND stream_id = ANY ($2)', [
          consumer,
          streams,
        ]);
        await dataSource.query(`UPDATE ${table} SET backlog_step = $2 WHERE consumer = $1`, [consumer, newId()]);
      }
      await apply(batch);
      before = await world.checkpoint(consumer);
    });
    await until(() => running.running.status().hasCaughtUp);
    const rows = await world.checkpoints.dataSource.query<unknown[]>(
      'SELECT FROM reader.streams WHERE consumer = $1 AND stream_id = ANY ($2) AND version = 3',
      [consumer, streams],
    );
    expect([taken, rows.length]).toEqual([true, streams.length]);
    await running.bus.stop();
  });

  /** An instance on its own; `handle` gets the batch, and whether it is a part of a backlog. */
  function instance(
    consumer: string,
    pollMs: number,
    handle: (batch: EventBatch, inBacklog: boolean) => Promise<void>,
  ): { readonly feedConsumer: FeedConsumer; readonly looks: () => number } {
    let looks = 0;
    const subscription = {
      consumer,
      topics: [TOPICS.smtpUsers],
      checkpoints: world.checkpoints,
      maxBatch: 2,
      onLoaded: () => (looks += 1),
      handle: async (batch: EventBatch) =>
        handle(batch, typeof (await world.checkpoint(consumer)).backlogStep === 'string'),
    };
    const settings = { ...FEED_SETTINGS, pollMs, stopWithinMs: 1 };
    return { feedConsumer: new FeedConsumer(world.feed, subscription, settings), looks: () => looks };
  }

  it('leaves its backlog to the instance that works through it', async () => {
    const streams = Array.from({ length: 4 }, () => `smtp-user/${newId()}`);
    for (let i = 0; i < 4; i++) for (const stream of streams) await world.append(stream, 1);
    const consumer = `consumer-${newId()}`;
    const handledByOther: string[] = [];
    let other: ReturnType<typeof instance> | undefined;
    const { feedConsumer } = instance(consumer, 1_000, async (batch, inBacklog) => {
      if (inBacklog) {
        other ??= instance(consumer, 3_600_000, async ({ events }) => {
          handledByOther.push(...events.map(({ streamId }) => streamId));
        });
        const { looks } = other;
        const before = looks();
        await until(() => looks() > before + 1 || handledByOther.length > 0);
      }
      await world.apply(consumer, batch);
    });
    await until(() => feedConsumer.status().hasCaughtUp);
    expect(handledByOther).toEqual([]);
    for (const stream of streams) expect(await world.effects(consumer, stream)).toEqual([1, 2, 3, 4]);
    await Promise.all([feedConsumer.stop(), other?.feedConsumer.stop()]);
  });

  it('takes over the backlog of an instance that has stopped', async () => {
    const streams = Array.from({ length: 4 }, () => `smtp-user/${newId()}`);
    for (let i = 0; i < 4; i++) for (const stream of streams) await world.append(stream, 1);
    const consumer = `consumer-${newId()}`;
    let frozen = false;
    const one = instance(consumer, 1_000, async (batch, inBacklog) => {
      frozen = inBacklog;
      if (frozen) await new Promise(() => undefined);
      await world.apply(consumer, batch);
    });
    await until(() => frozen);
    const other = instance(consumer, 10, (batch) => world.apply(consumer, batch));
    await until(() => other.feedConsumer.status().hasCaughtUp);
    for (const stream of streams) expect(await world.effects(consumer, stream)).toEqual([1, 2, 3, 4]);
    await Promise.all([one.feedConsumer.stop(), other.feedConsumer.stop()]);
  });

  it('halts at an event that cannot be applied, and applies all that came before it when it was far behind', async () => {
    const streams = Array.from({ length: 3 }, () => `smtp-user/${newId()}`);
    // The first of all by its stream.
    const bad = 'smtp-user/00000000-0000-7000-8000-000000000000';
    for (let i = 0; i < 3; i++) for (const stream of streams) await world.append(stream, 1);
    await world.append(bad, 1);
    const behind = `smtp-user/${newId()}`;
    await world.append(behind, 1);
    const consumer = await start(world, { maxBatch: 1 }, async (batch, apply) => {
      if (batch.events.some(({ streamId }) => streamId === bad))
        throw Object.assign(new Error('It cannot be applied.'), { permanent: true });
      await apply(batch);
    });
    for (const stream of streams) await until(async () => (await consumer.versions(stream)).length === 3);
    expect(consumer.running.status().halted).toEqual(new Map([[TOPICS.smtpUsers, 1]]));
    expect(await consumer.versions(behind)).toEqual([]);
    await consumer.bus.stop();
  });

  it('moves the checkpoint over a long stretch of other topics without the handler', async () => {
    const consumer = await start(world, { topics: [TOPICS.authDenials] });
    for (let i = 0; i < 6; i++) await world.append(`smtp-user/${newId()}`, 1_000);
    await until(async () => (await world.checkpoint(consumer.consumer)).position > 5_000);
    const denials = `auth-denials/${newId()}`;
    await world.append(denials, 1);
    await until(async () => (await consumer.versions(denials)).length === 1);
    expect(consumer.running.status()).toMatchObject({ failures: 0, lastError: null });
    await consumer.bus.stop();
  });

  it('refuses a subscription to no topic', async () => {
    const bus = world.bus();
    const nothing = { consumer: 'nothing', topics: [], checkpoints: world.checkpoints, handle: async () => undefined };
    await expect(bus.subscribe(nothing)).rejects.toThrow('no topic');
    await bus.stop();
  });
});
