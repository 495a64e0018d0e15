import { afterAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, onDatabase, type TestDatabase } from './test-database.js';

const made: TestDatabase[] = [];
afterAll(() => Promise.all(made.map((database) => database.drop())));

const query = (database: TestDatabase, sql: string): Promise<unknown[]> =>
  onDatabase(database.url, async (client) => (await client.query(sql)).rows);

describe('a test database', () => {
  it('has what the template was filled with once, and shares no rows with another', async () => {
    let filled = 0;
    const make = async () => {
      const database = await createTestDatabase('self_test', async (url) => {
        filled += 1;
        await query({ url, drop: async () => undefined }, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
      });
      made.push(database);
      return database;
    };
    const [a, b] = [await make(), await make()];
    await query(a, 'INSERT INTO t VALUES (2)');
    expect(filled).toBe(1);
    expect(await query(a, 'SELECT n FROM t ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await query(b, 'SELECT n FROM t ORDER BY n')).toEqual([{ n: 1 }]);
  });

  it('runs on PostgreSQL 18', async () => {
    const rows = (await query(made[0] as TestDatabase, 'SHOW server_version_num')) as { server_version_num: string }[];
    expect(Number(rows[0]?.server_version_num)).toBeGreaterThanOrEqual(180_000);
  });
});
