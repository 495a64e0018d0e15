import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, NetworkPath, type TestDatabase, openClient } from '@postern/testing';
import type pg from 'pg';
import { Listener, listenerFigures } from './listener.js';

let database: TestDatabase;
let path: NetworkPath;
let url: string;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase('empty', async () => undefined);
  ({ path, url } = await NetworkPath.to(database.url));
  owner = await openClient(database.url);
});
afterAll(async () => {
  await owner.end();
  await path.close();
  await database.drop();
});

/** A listener whose wakes can be waited for. */
function listen(probe?: { everyMs: number; withinMs: number }, name = 'test') {
  const wakes: (string | null)[] = [];
  let woken: () => void = () => undefined;
  const onWake = (payload: string | null): void => {
    wakes.push(payload);
    woken();
  };
  const listener = new Listener({
    url,
    name,
    channels: ['news', 'other_news'],
    onWake,
    ...(probe ? { probe } : {}),
  });
  const until = async (payload: string | null, times = 1) => {
    while (wakes.filter((wake) => wake === payload).length < times) await new Promise<void>((done) => (woken = done));
  };
  return { listener, wakes, until };
}

describe('a listener', () => {
  it('wakes with its first connection, and after each notification on its channels', async () => {
    const { listener, wakes, until } = listen();
    await listener.listening;
    await owner.query(`NOTIFY news, 'one'; NOTIFY no_news, 'nothing'; NOTIFY other_news, 'two'`);
    await until('two');
    expect(wakes).toEqual([null, 'one', 'two']);
    await listener.stop();
  });

  it('replaces a connection that has died in silence, and wakes for what was missed', async () => {
    const { listener, until } = listen({ everyMs: 50, withinMs: 2_000 });
    await listener.listening;
    path.forget();
    await owner.query(`NOTIFY news, 'missed'`);
    await until(null, 2);
    await owner.query(`NOTIFY news, 'heard'`);
    await until('heard');
    expect(listener.figures).toMatchObject({ listening: true, connections: 2 });
    await listener.stop();
  });

  it('keeps a connection that answers its probes', async () => {
    // A name of its own: the server may still be closing the connections of the tests before.
    const { listener } = listen({ everyMs: 10, withinMs: 10_000 }, 'probed');
    await listener.listening;
    const { rows: before } = await owner.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'postern-listen-probed'`,
    );
    await owner.query('SELECT pg_sleep(0.3)');
    const { rows: after } = await owner.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'postern-listen-probed'`,
    );
    expect(before).toHaveLength(1);
    expect(after).toEqual(before);
    expect(listener.figures.connections).toBe(1);
    await listener.stop();
  });

  it('reconnects when the server is back', async () => {
    const { listener, until } = listen();
    await listener.listening;
    await path.close();
    await path.open();
    await until(null, 2);
    expect(listener.figures).toMatchObject({ listening: true, connections: 2 });
    await listener.stop();
  });

  it('reports what its owner found by notifications and by polls, until it is stopped', async () => {
    const { listener } = listen();
    await listener.listening;
    listener.foundBy('notification');
    listener.foundBy('poll');
    listener.foundBy('poll');
    const figures = { name: 'test', listening: true, connections: 1, found: { notification: 1, poll: 2 } };
    expect(listenerFigures()).toEqual([figures]);
    await listener.stop();
    expect(listenerFigures()).toEqual([]);
  });
});
