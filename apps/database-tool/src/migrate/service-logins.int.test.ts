import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DATABASE_ROLES,
  openDataSource,
  roleUrl,
  rolesOfService,
  SERVICE_LOGINS,
  serviceUrl,
  type DatabaseRole,
  type ServiceLogin,
} from '@postern/database';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import type pg from 'pg';
import { openClient } from '@postern/testing';
import { prepareDatabase } from './prepare-database.js';

const LOGINS = Object.keys(SERVICE_LOGINS) as ServiceLogin[];
const KAFKA = { POSTERN_KAFKA_BROKERS: '127.0.0.1:9092' };

let folder: string;
let server: EmbeddedPostgres;
/** A cluster of its own: memberships are the cluster's, not a database's. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-logins-'));
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = await openClient(url);
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** `became`, or PostgreSQL's code for why not. */
async function attempt(url: string, sql: string): Promise<string> {
  return query(url, sql).then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
}

async function mayBecome(login: ServiceLogin): Promise<DatabaseRole[]> {
  const url = serviceUrl(server.url(), login);
  const tried = await Promise.all(
    DATABASE_ROLES.map(async (role) => [role, await attempt(url, `SET ROLE ${role}`)] as const),
  );
  expect(tried.filter(([, result]) => result !== 'done' && result !== '42501')).toEqual([]);
  return tried.filter(([, result]) => result === 'done').map(([role]) => role);
}

const sorted = (roles: readonly string[]) => [...roles].sort();

describe('the logins of the services', () => {
  it('become the roles of their own service and no other, and with Kafka between them none reads the feed but the publisher’s', async () => {
    await prepareDatabase(server.url(), KAFKA);
    for (const login of LOGINS) expect(sorted(await mayBecome(login))).toEqual(sorted(rolesOfService(login, 'kafka')));
    expect(sorted(await mayBecome('postern_audit_trail_service'))).toEqual([
      'postern_access',
      'postern_audit',
      'postern_audit_reader',
      'postern_logins_reader',
      'postern_logins_writer',
    ]);

    await prepareDatabase(server.url(), {});
    for (const login of LOGINS) expect(sorted(await mayBecome(login))).toEqual(sorted(rolesOfService(login, 'feed')));
    expect(await mayBecome('postern_projection_service')).toContain('postern_feed');

    await prepareDatabase(server.url(), KAFKA);
    expect(await mayBecome('postern_projection_service')).not.toContain('postern_feed');
  });

  it('cover every role that a module connects as', () => {
    const covered = new Set<string>(LOGINS.flatMap((login) => rolesOfService(login, 'feed')));
    expect(DATABASE_ROLES.filter((role) => !covered.has(role))).toEqual([]);
  });

  it('touch nothing by themselves, and another service’s tables by no role of theirs', async () => {
    await prepareDatabase(server.url(), {});
    const tables = await query<{ name: string }>(
      server.url(),
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables
        WHERE schemaname IN ('journal', 'access', 'projection', 'audit', 'logins') AND tablename <> 'migrations'`,
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const login of LOGINS) {
      const url = serviceUrl(server.url(), login);
      for (const { name } of tables) {
        const result = await attempt(url, `SELECT FROM ${name} LIMIT 1`);
        expect({ login, name, result }).toEqual({ login, name, result: '42501' });
      }
      const owned = await query(url, `SELECT relname FROM pg_class WHERE relowner = current_user::regrole`);
      expect(owned).toEqual([]);
    }
    const reads = async (login: ServiceLogin, role: DatabaseRole, table: string) =>
      attempt(roleUrl(serviceUrl(server.url(), login), role), `SELECT FROM ${table} LIMIT 1`);
    for (const role of rolesOfService('postern_command_service', 'feed'))
      for (const table of ['audit.denials', 'audit.changes', 'projection.relay_policies'])
        expect([role, table, await reads('postern_command_service', role, table)]).toEqual([role, table, '42501']);
    for (const role of rolesOfService('postern_projection_service', 'feed'))
      expect([role, await reads('postern_projection_service', role, 'audit.denials')]).toEqual([role, '42501']);
    for (const role of rolesOfService('postern_audit_trail_service', 'feed'))
      expect([role, await reads('postern_audit_trail_service', role, 'projection.relay_policies')]).toEqual([
        role,
        '42501',
      ]);
  });

  it('act as the role that a pool is opened for, in every connection of it and also after a reset', async () => {
    await prepareDatabase(server.url(), {});
    const own = serviceUrl(server.url(), 'postern_audit_trail_service');
    const pool = await openDataSource(own, 'postern_audit', { poolSize: 2 });
    try {
      await pool.query('RESET ROLE');
      const connections = [pool.createQueryRunner(), pool.createQueryRunner()];
      await Promise.all(connections.map((each) => each.connect()));
      const who = connections.map((each) => each.query('SELECT session_user, current_user'));
      const expected = [{ session_user: 'postern_audit_trail_service', current_user: 'postern_audit' }];
      expect(await Promise.all(who)).toEqual([expected, expected]);
      for (const each of connections) await each.release();
    } finally {
      await pool.destroy();
    }
    await expect(openDataSource(own, 'postern_command', { poolSize: 1 })).rejects.toThrow(
      /as postern_audit_trail_service: permission denied to set role "postern_command"/,
    );
  });

  it('take the passwords that they are given, and the derived ones again where none is', async () => {
    const password = 'a-secret-of-its-own';
    const given = serviceUrl(server.url(), 'postern_command_service', password);
    await prepareDatabase(server.url(), { POSTERN_COMMAND_SERVICE_PASSWORD: password });
    expect(await attempt(given, 'SELECT')).toBe('done');
    await prepareDatabase(server.url(), {});
    expect(await attempt(given, 'SELECT')).toBe('28P01');
    await expect(prepareDatabase(server.url(), { POSTERN_COMMAND_SERVICE_PASSWORD: 'short' })).rejects.toThrow(
      'POSTERN_COMMAND_SERVICE_PASSWORD must be 12 to 128 characters of A-Z a-z 0-9 . _ ~ -',
    );
  });
});
