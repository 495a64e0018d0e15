import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase, until, openClient } from '@postern/testing';
import type pg from 'pg';
import { migrateAll } from '../../../standalone/src/database.js';
import { backup } from './backup.js';
import { checkKeys } from './backup.commands.js';
import { restore } from './restore.js';

const HASH = 'a'.repeat(64);
const quiet = () => undefined;
let folder: string;
let file: string;
let source: TestDatabase;
let target: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
  file = join(folder, 'postern.backup');
  source = await createTestDatabase('standalone', migrateAll);
  target = await createTestDatabase('standalone', migrateAll);
  await on(source.url, (client) => client.query(EVENT));
});
afterEach(async () => {
  await source.drop();
  await target.drop();
  await rm(folder, { recursive: true, force: true });
});

async function on<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const rowsOf = (url: string, sql: string) => on(url, async (client) => (await client.query(sql)).rows as unknown[]);

const EVENT = `INSERT INTO journal.events (stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
  VALUES ('smtp-user/1', 1, gen_random_uuid(), 'SmtpUserRegistered', 1, '{}', '{}', now())`;

const denialOf = (time: string) => `INSERT INTO audit.denials VALUES
  (gen_random_uuid(), '${time}', '${time}', 1, gen_random_uuid(), 1, true, 'acme', 'app', '192.0.2.1', '192.0.2.1', 'mx1',
   'ip-not-authorized', 'enforce')`;

describe('a backup', () => {
  it('that fails leaves no file behind', async () => {
    const failing = backup(source.url, file, () => {
      throw new Error('no space left');
    });
    await expect(failing).rejects.toThrow('no space left');
    expect(await readdir(folder)).toEqual([]);
  });

  it('that is interrupted leaves no file behind', async () => {
    const stop = new AbortController();
    await expect(backup(source.url, file, () => stop.abort(), stop.signal)).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual([]);
  });

  it('has its name once it is complete, and not before', async () => {
    const seen = new Set<string>();
    await backup(source.url, file, () => readdirSync(folder).forEach((name) => seen.add(name)));
    expect([...seen]).toEqual([expect.stringMatching(/^postern\.backup\.partial-/)]);
    expect(await readdir(folder)).toEqual(['postern.backup']);
  });

  it('is refused to a login that row-level security keeps from rows, by its name', async () => {
    const role = `reader_${Date.now()}`;
    await on(source.url, (client) =>
      client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'of the reader' IN ROLE pg_read_all_data`),
    );
    try {
      const url = new URL(source.url);
      url.username = role;
      url.password = 'of the reader';
      const refused = backup(url.toString(), file, quiet);
      await expect(refused).rejects.toThrow(`${role} does not see every row of access.api_keys`);
      await expect(refused).rejects.toThrow('the owner’s URL');
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await on(source.url, (client) => client.query(`DROP ROLE ${role}`));
    }
  });

  it('has the rows of a table that was exchanged as it began, as a rebuild does', async () => {
    const [done] = await on(source.url, async (exchange) => {
      await exchange.query('BEGIN');
      await exchange.query('LOCK TABLE projection.relay_policy_totals IN ACCESS EXCLUSIVE MODE');
      const running = backup(source.url, file, quiet);
      await untilWaiting(exchange);
      await exchange.query(`
        CREATE TABLE projection.next (LIKE projection.relay_policy_totals INCLUDING ALL);
        INSERT INTO projection.next SELECT * FROM projection.relay_policy_totals;
        DROP TABLE projection.relay_policy_totals;
        ALTER TABLE projection.next RENAME TO relay_policy_totals`);
      await exchange.query('COMMIT');
      return [running];
    });
    expect((await done)?.get('projection.relay_policy_totals')).toBe(1);
  });
});

async function untilWaiting(client: pg.Client): Promise<void> {
  const waiting = () =>
    client.query(`SELECT FROM pg_locks WHERE relation = 'projection.relay_policy_totals'::regclass AND NOT granted`);
  await until(waiting, 'a reader that waits', ({ rows }) => rows.length > 0);
}

describe('a restore', () => {
  it('reads times as they were written, whatever form either database has set for them', async () => {
    const name = (url: string) => new URL(url).pathname.slice(1);
    await on(source.url, async (client) => {
      await client.query(`INSERT INTO access.tenants VALUES ('acme', 'Acme Ltd', '2026-02-03T04:05:06.789Z')`);
      await client.query(`ALTER DATABASE ${name(source.url)} SET datestyle = 'SQL, DMY'`);
      await client.query(`ALTER DATABASE ${name(source.url)} SET timezone = 'Asia/Kolkata'`);
    });
    await on(target.url, (client) => client.query(`ALTER DATABASE ${name(target.url)} SET datestyle = 'SQL, MDY'`));
    await backup(source.url, file, quiet);
    await restore(target.url, file, quiet);
    const time = `SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') AS time FROM access.tenants`;
    expect(await rowsOf(target.url, time)).toEqual([{ time: '2026-02-03 04:05:06.789' }]);
  });

  it('puts denials into the partitions of their months', async () => {
    await on(source.url, async (client) => {
      await client.query(`SELECT audit.prepare_denial_month('2026-08-01'), audit.prepare_denial_month('2026-09-01')`);
      for (const time of ['2026-08-31T23:59:59Z', '2026-09-01T00:00:00Z', '1999-01-01T00:00:00Z'])
        await client.query(denialOf(time));
    });
    await backup(source.url, file, quiet);
    await restore(target.url, file, quiet);
    const partitions = `SELECT tableoid::regclass::text AS partition, count(*)::int FROM audit.denials GROUP BY 1 ORDER BY 1`;
    expect(await rowsOf(target.url, partitions)).toEqual([
      { partition: 'audit.denials_2026_08', count: 1 },
      { partition: 'audit.denials_2026_09', count: 1 },
      { partition: 'audit.denials_of_no_month', count: 1 },
    ]);
    const rows = `SELECT * FROM audit.denials ORDER BY id`;
    expect(await rowsOf(target.url, rows)).toEqual(await rowsOf(source.url, rows));
  });

  it('brings back no session and no sign-in code: they may have been ended or used since', async () => {
    await on(source.url, async (client) => {
      await client.query(`INSERT INTO access.api_keys (id, role, name, secret_hash, created_at)
                          VALUES ('ops1', 'operator', 'ops1', '\\x${HASH}', now())`);
      await client.query(`INSERT INTO access.sessions (id, key_id, secret_hash, created_at, expires_at)
                          VALUES (gen_random_uuid(), 'ops1', '\\x${HASH}', now(), now() + interval '12 hours')`);
      await client.query(`INSERT INTO access.sign_in_codes (code_hash, key_id, created_at, expires_at)
                          VALUES ('\\x${HASH}', 'ops1', now(), now() + interval '15 minutes')`);
    });
    await backup(source.url, file, quiet);
    await restore(target.url, file, quiet);
    const counts = `SELECT (SELECT count(*)::int FROM access.api_keys) AS keys, (SELECT count(*)::int FROM access.sessions) AS sessions,
                           (SELECT count(*)::int FROM access.sign_in_codes) AS codes`;
    expect(await rowsOf(source.url, counts)).toEqual([{ keys: 1, sessions: 1, codes: 1 }]);
    expect(await rowsOf(target.url, counts)).toEqual([{ keys: 1, sessions: 0, codes: 0 }]);
  });

  it('has used up the transaction ids of the journal before a row can be seen', async () => {
    await on(source.url, (client) =>
      client.query(`INSERT INTO journal.events (xid, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
        SELECT (pg_current_xact_id()::text::bigint + 30000)::text::xid8, 'smtp-user/2', 1, gen_random_uuid(), 't', 1, '{}', '{}', now()`),
    );
    await backup(source.url, file, quiet);
    const ahead =
      'SELECT max(xid)::text::bigint - pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS ahead FROM journal.events';
    const before = (await rowsOf(source.url, ahead)) as [{ ahead: string }];
    expect(Number(before[0].ahead)).toBeGreaterThan(0);
    const stop = new AbortController();
    // Interrupted at its first table: nothing is stored, and the ids are used up all the same.
    await expect(
      restore(target.url, file, (line) => line.includes('rows') && stop.abort(), stop.signal),
    ).rejects.toThrow('aborted');
    const after = (await rowsOf(source.url, ahead)) as [{ ahead: string }];
    expect(Number(after[0].ahead)).toBeLessThan(0);
    expect(await rowsOf(target.url, 'SELECT FROM journal.events')).toEqual([]);
    await restore(target.url, file, quiet);
    expect(await rowsOf(target.url, 'SELECT FROM journal.events')).toHaveLength(2);
  });

  it('overwrites no row of a journal', async () => {
    await backup(source.url, file, quiet);
    await restore(target.url, file, quiet);
    await expect(restore(target.url, file, quiet)).rejects.toThrow('The database is not empty');
    expect(await rowsOf(target.url, 'SELECT version FROM journal.events')).toEqual([{ version: 1 }]);
  });
});

describe('the check of the keys', () => {
  const issued = (id: string, role: string, revoked: boolean) =>
    `INSERT INTO access.api_keys (id, tenant_id, role, name, secret_hash, created_at, revoked_at)
     VALUES ('${id}', NULL, '${role}', '${id}', '\\x${HASH}', now(), ${revoked ? 'now()' : 'NULL'})`;

  it('counts the keys that work', async () => {
    await on(target.url, async (client) => {
      for (const sql of [
        issued('ops1', 'operator', false),
        issued('ops2', 'operator', true),
        issued('mx1', 'relay', false),
      ])
        await client.query(sql);
    });
    expect(await checkKeys(target.url, null)).toEqual({ live: 2, operators: 1, given: 'missing' });
  });

  it('says of the operator key at hand whether it is among them', async () => {
    const text = 'pst_operator_ops1_0123456789abcdef';
    expect(await checkKeys(target.url, text)).toMatchObject({ given: 'unknown' });
    await on(target.url, (client) =>
      client.query(issued('ops1', 'operator', false).replace(`'\\x${HASH}'`, `sha256('${text}')`)),
    );
    expect(await checkKeys(target.url, text)).toMatchObject({ given: 'works' });
    expect(await checkKeys(target.url, `${text}0`)).toMatchObject({ given: 'unknown' });
    await on(target.url, (client) => client.query('UPDATE access.api_keys SET revoked_at = now()'));
    expect(await checkKeys(target.url, text)).toMatchObject({ given: 'unknown' });
  });
});
