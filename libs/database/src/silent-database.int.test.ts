import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Deadline } from '@postern/async';
import { createTestDatabase, NetworkPath, type TestDatabase, until } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { openDataSource } from './data-source.js';

let database: TestDatabase;
let path: NetworkPath;
let pool: DataSource;
beforeAll(async () => {
  database = await createTestDatabase('empty', async () => undefined);
  const by = await NetworkPath.to(database.url);
  path = by.path;
  pool = await openDataSource(by.url, 'owner', {
    applicationName: 'test-pool',
    poolSize: 3,
    statementTimeoutMs: 1_000,
    silentAfterMs: 200,
  });
  await pool.query('CREATE TABLE notes (note text)');
});
afterEach(() => path.heal());
afterAll(async () => {
  await pool.destroy();
  await path.close();
  await database.drop();
});

/** Every connection of the pool is open. */
async function fill(): Promise<void> {
  const connections = [1, 2, 3].map(() => pool.createQueryRunner());
  await Promise.all(connections.map((each) => each.connect()));
  await Promise.all(connections.map((each) => each.release()));
}
const notes = () => pool.query<{ note: string }[]>('SELECT note FROM notes ORDER BY note');
const late = () => new Error('late');
/** On a machine that is held up. Of a connection that was forgotten the error is another. */
const connectingTookTooLong = (error: Error) => {
  if (error.message !== 'Connection terminated due to connection timeout') throw error;
};

describe('a pool whose connections a firewall has dropped', () => {
  it('is found out by one query, and serves the next one by a new connection', async () => {
    await fill();
    path.forget();
    await expect(pool.query('SELECT 1')).rejects.toThrow('The database did not answer');
    expect(await until(() => pool.query('SELECT 1 AS one').catch(connectingTookTooLong))).toEqual([{ one: 1 }]);
  });
});

describe('work whose deadline has passed', () => {
  it('ends with the query that it waits for, and costs nobody else', async () => {
    await fill();
    path.hold();
    await expect(Deadline.within(1, () => pool.query('SELECT 1'), late)).rejects.toThrow('late');
    await path.heal();
    await expect(pool.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('commits nothing more, and leaves no transaction open', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    const work = () => {
      const transaction = pool.transaction(async (manager) => {
        await manager.query(`INSERT INTO notes VALUES ('late')`);
        await new Promise<void>((done) => Deadline.current?.onPassed(() => setImmediate(done)));
      });
      ended = transaction.catch((error: unknown) => error);
      return transaction;
    };
    await expect(Deadline.within(500, work, late)).rejects.toThrow('late');
    expect(String(await ended)).toContain('The time for the work was over');
    await fill();
    expect(await notes()).toEqual([]);
    const open = await pool.query(
      `SELECT state FROM pg_stat_activity WHERE application_name = 'test-pool' AND state LIKE 'idle in transaction%'`,
    );
    expect(open).toEqual([]);
  });
});
