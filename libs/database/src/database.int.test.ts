import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@postern/testing';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import {
  DATABASE_ROLES,
  DatabaseNewerThanProgram,
  ensureRoles,
  inTenant,
  migrate,
  openDataSource,
  roleUrl,
  sqlMigration,
} from './index.js';
import { withSession } from './session.js';

const notes = sqlMigration('Notes1700000000001', import.meta.url, [
  {
    sql: `
      CREATE TABLE notebook.notes (tenant_id text, body text);
      ALTER TABLE notebook.notes ENABLE ROW LEVEL SECURITY;
      ALTER TABLE notebook.notes FORCE ROW LEVEL SECURITY;
      CREATE POLICY own ON notebook.notes TO postern_command
        USING (tenant_id = (SELECT current_setting('postern.tenant_id', true)));
      CREATE FUNCTION notebook.secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
      GRANT USAGE ON SCHEMA notebook TO postern_command;
      GRANT SELECT, INSERT ON notebook.notes TO postern_command`,
  },
]);
const later = sqlMigration('Later1700000000002', import.meta.url, [
  { sql: 'ALTER TABLE notebook.notes ADD COLUMN title text' },
]);
const first = { schema: 'notebook', migrations: [notes] };
const second = { schema: 'notebook', migrations: [notes, later] };

let database: TestDatabase;
let command: DataSource;
beforeAll(async () => {
  database = await createTestDatabase('database_notebook', (url) => migrate(url, first));
  command = await openDataSource(database.url, 'postern_command', { poolSize: 2 });
});
afterAll(async () => {
  await command?.destroy();
  await database?.drop();
});

describe('a pool that prepares', () => {
  const prepared = async (prepare: boolean): Promise<unknown> => {
    const pool = await openDataSource(database.url, 'postern_command', { poolSize: 1, prepare });
    try {
      for (const n of [1, 2, 3]) expect(await pool.query('SELECT $1::integer AS n', [n])).toEqual([{ n }]);
      return await pool.query(
        'SELECT statement, (generic_plans + custom_plans)::integer AS uses FROM pg_prepared_statements',
      );
    } finally {
      await pool.destroy();
    }
  };

  it('has a statement with parameters parsed once a connection', async () => {
    expect(await prepared(true)).toEqual([{ statement: 'SELECT $1::integer AS n', uses: 3 }]);
    expect(await prepared(false)).toEqual([]);
  });
});

describe('the roles', () => {
  it('can be made by several processes on several databases at once, and then log in', async () => {
    const other = await createTestDatabase('database_notebook', (url) => migrate(url, first));
    await Promise.all([database, other, database, other].map(({ url }) => ensureRoles(url)));
    for (const role of DATABASE_ROLES)
      await withSession(roleUrl(other.url, role), async (client) => {
        const { rows } = await client.query(
          'SELECT current_user AS who, rolbypassrls FROM pg_roles WHERE rolname = current_user',
        );
        expect(rows).toEqual([{ who: role, rolbypassrls: false }]);
      });
    await other.drop();
  });

  it('may not enter a schema that was not opened to them', async () => {
    await withSession(roleUrl(database.url, 'postern_audit'), async (client) => {
      await expect(client.query('SELECT * FROM notebook.notes')).rejects.toThrow('permission denied for schema');
    });
    await expect(command.query('SELECT notebook.secret()')).rejects.toThrow('permission denied for function');
  });
});

describe('inTenant', () => {
  it('reads and writes only one tenant’s rows, and leaves no tenant on the connection', async () => {
    const insert = 'INSERT INTO notebook.notes (tenant_id, body) VALUES ($1, $2)';
    await inTenant(command, 'acme', (m) => m.query(insert, ['acme', 'a']));
    await inTenant(command, 'globex', (m) => m.query(insert, ['globex', 'g']));
    await expect(inTenant(command, 'acme', (m) => m.query(insert, ['globex', 'x']))).rejects.toThrow(
      'row-level security',
    );
    expect(await inTenant(command, 'acme', (m) => m.query('SELECT body FROM notebook.notes'))).toEqual([{ body: 'a' }]);
    for (let i = 0; i < 4; i++) expect(await command.query('SELECT * FROM notebook.notes')).toEqual([]);
    await expect(inTenant(command, '', async () => 1)).rejects.toThrow('tenant id');
  });
});

describe('migrate', () => {
  it('runs once however many start at once, and refuses a database that is newer than the program', async () => {
    const own = await createTestDatabase('database_notebook', (url) => migrate(url, first));
    await Promise.all([migrate(own.url, second), migrate(own.url, second), migrate(own.url, second)]);
    await withSession(own.url, async (client) => {
      const { rows } = await client.query('SELECT name FROM notebook.migrations ORDER BY id');
      expect(rows.map((r: { name: string }) => r.name)).toEqual(['Notes1700000000001', 'Later1700000000002']);
    });
    const refused = migrate(own.url, first);
    await expect(refused).rejects.toThrow(DatabaseNewerThanProgram);
    await expect(refused).rejects.toThrow('Later1700000000002');
    await own.drop();
  });
});

describe('a data source', () => {
  it('continues after all its connections were closed, idle or in a transaction', async () => {
    const endAll = () =>
      withSession(database.url, (owner) =>
        owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND usename = 'postern_command'`),
      );
    await Promise.all([command.query('SELECT 1'), command.query('SELECT 1')]);
    await endAll();
    await new Promise((done) => setTimeout(done, 50));
    expect(await command.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(
      command.transaction(async (m) => {
        await m.query('SELECT 1');
        await endAll();
        await m.query('SELECT 1');
      }),
    ).rejects.toThrow();
    expect(await command.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  // The error arrives before the end of the connection, which takes the server some milliseconds.
  it('does not reuse a connection that the server is ending', async () => {
    for (let i = 0; i < 20; i++) {
      await expect(command.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toThrow('terminating');
      expect(await command.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }
  });

  // A frozen process reads both at once: that the connection is made, and that the server ends it.
  it('survives the end of a connection that nobody listens to yet', async () => {
    const { master } = command.driver as unknown as { master: Pool };
    const client = await master.connect();
    try {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((done) => client.once('end', done));
      await withSession(database.url, (owner) => owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]));
      await ended;
      await expect(client.query('SELECT 1')).rejects.toThrow('not queryable');
    } finally {
      client.release();
    }
    expect(await command.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says where it could not connect to, without the password', async () => {
    const nowhere = new URL(database.url);
    nowhere.hostname = '127.0.0.1';
    nowhere.port = '1';
    const failed = openDataSource(nowhere.toString(), 'postern_feed', { poolSize: 1 });
    await expect(failed).rejects.toThrow(/127\.0\.0\.1:1\/.*as postern_feed.*POSTERN_DATABASE_URL/s);
    await expect(failed).rejects.not.toThrow(nowhere.password);
  });

  it('bounds statements and waits for locks', async () => {
    const hasty = await openDataSource(database.url, 'postern_command', {
      poolSize: 1,
      statementTimeoutMs: 50,
      lockTimeoutMs: 20,
    });
    await expect(hasty.query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
    expect(await hasty.query('SHOW lock_timeout')).toEqual([{ lock_timeout: '20ms' }]);
    await hasty.destroy();
  });
});
