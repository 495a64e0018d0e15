import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS } from '@postern/contracts';
import { roleUrl } from '@postern/database';
import { until, openClient } from '@postern/testing';
import { EVENT_BUS_CONTRACT, start } from '../testing/bus-contract.js';
import { busWorld, type BusWorld } from '../testing/bus-world.js';
import { EmbeddedEventBus } from './embedded-event-bus.js';

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
});
