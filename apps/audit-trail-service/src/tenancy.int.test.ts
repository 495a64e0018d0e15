import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { inTenant, openDataSource } from '@postern/database';
import { BUILD } from '@postern/observe';
import type { DataSource } from 'typeorm';
import { AuditWorld } from './testing/audit-world.js';
import { Person } from './testing/happenings.js';
import { loginOf, reportLogins } from './testing/logins.js';

let world: AuditWorld;
let reader: DataSource;
let loginsReader: DataSource;
let readers: readonly DataSource[];
const acme = new Person('app@acme.example');
const globex = new Person('app@globex.example', 'globex' as TenantId);

beforeAll(async () => {
  world = await AuditWorld.create();
  reader = await openDataSource(world.databaseUrl, 'postern_audit_reader', { poolSize: 2 });
  loginsReader = await openDataSource(world.databaseUrl, 'postern_logins_reader', { poolSize: 2 });
  readers = [reader, loginsReader];
  const relay = await world.key('relay');
  for (const person of [acme, globex]) {
    await world.append(person, person.registered(), person.allowed('198.51.100.1'));
    await world.happened(
      person,
      person.denied('203.0.113.9', { username: 'same', occurredAt: new Date().toISOString() }),
    );
    await reportLogins(world, relay, [loginOf(person, '198.51.100.1')]);
    await world.sql(
      `INSERT INTO logins.overflow (smtp_user_id, tenant_id, day, logins) VALUES ($1, $2, current_date, 1)`,
      [person.smtpUserId, person.tenantId],
    );
  }
});
afterAll(async () => {
  await reader?.destroy();
  await loginsReader?.destroy();
  await world?.end();
});

const TENANT_ROUTES = (tenantId: string, smtpUserId: string) =>
  [
    'denials',
    'changes',
    'entries',
    'refusing-now',
    'denials/histogram?from=2026-11-20T00:00:00Z&interval=day',
    `denial-summaries?smtpUserIds=${smtpUserId}`,
  ].map((route) => `/v1/tenants/${tenantId}/${route}`);
const USER_ROUTES = (tenantId: string, smtpUserId: string) =>
  ['denials', 'denied-ips', 'history', 'sources'].map(
    (route) => `/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/${route}`,
  );
const ROUTES = (tenantId: string, smtpUserId: string) => [
  ...TENANT_ROUTES(tenantId, smtpUserId),
  ...USER_ROUTES(tenantId, smtpUserId),
];

const SCHEMAS = [
  ['audit', ['checkpoints', 'denial_retention', 'migrations'], () => [reader], 6],
  ['logins', ['batches', 'migrations', 'reporters'], () => readers, 2],
] as const;

describe.each(SCHEMAS)('every table of the schema %s', (schema, withoutTenant, readersOf, tenanted) => {
  it('has forced row-level security, except where no tenant’s data is stored', async () => {
    const open = await world.sql<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p')
          AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname`,
    );
    expect(open.map(({ relname }) => relname)).toEqual(withoutTenant);
  });

  it('shows the reader only one tenant’s rows if a WHERE is missing, and none without a tenant', async () => {
    const tables = await world.sql<{ name: string }>(
      `SELECT relname AS name FROM pg_class c WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p')
          AND NOT relispartition AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(tenanted);
    for (const { name } of tables)
      for (const each of readersOf()) {
        const select = `SELECT DISTINCT tenant_id FROM ${schema}.${name}`;
        const seen = await inTenant(each, 'acme', (manager) => manager.query<{ tenant_id: string }[]>(select));
        expect([name, seen]).toEqual([name, name === 'dead_letters' ? [] : [{ tenant_id: 'acme' }]]);
        expect([name, await each.query(select)]).toEqual([name, []]);
      }
  });
});

describe('the readers', () => {
  it('write nothing, and read no partition around the policies of the table', async () => {
    const partitions = await world.sql<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit.denials'::regclass`,
    );
    expect(partitions.length).toBeGreaterThanOrEqual(4);
    for (const statement of [
      'DELETE FROM audit.denials',
      'UPDATE audit.denied_ips SET count = 1',
      `INSERT INTO audit.usernames VALUES ('acme', 'x', gen_random_uuid())`,
      ...partitions.map(({ name }) => `SELECT * FROM ${name}`),
      'SELECT * FROM audit.checkpoints',
      'DELETE FROM logins.sources',
      'SELECT FROM logins.batches',
      'SELECT client FROM access.relays',
      `SELECT audit.prepare_denial_month('2040-01-01')`,
    ]) {
      await expect(inTenant(reader, 'acme', (manager) => manager.query(statement))).rejects.toThrow(
        'permission denied',
      );
    }
    for (const statement of [
      'DELETE FROM logins.sources',
      'UPDATE logins.overflow SET logins = 1',
      'SELECT FROM logins.batches',
      'INSERT INTO logins.reporters (key_id, relay) VALUES (1, 1)',
      'SELECT FROM audit.denials',
      'SELECT client FROM access.relays',
    ])
      await expect(inTenant(loginsReader, 'acme', (manager) => manager.query(statement))).rejects.toThrow(
        'permission denied',
      );
  });
});

describe('every route', () => {
  it('shows a tenant’s own to its admin, its auditor and an operator', async () => {
    const keys = [await world.key('admin', 'acme'), await world.key('auditor', 'acme'), await world.key('operator')];
    for (const key of keys) {
      for (const url of ROUTES('acme', acme.smtpUserId)) {
        const { status, body } = await world.get<{ items: unknown[] }>(key, url);
        expect([url, status, body.items.length > 0]).toEqual([url, 200, true]);
        expect(JSON.stringify(body)).not.toContain('globex');
      }
    }
  });

  it('shows another tenant nothing, neither on that tenant’s path nor on its own', async () => {
    const key = await world.key('admin', 'globex');
    for (const url of ROUTES('acme', acme.smtpUserId)) {
      expect(await world.get(key, url)).toMatchObject({ status: 404, body: { code: 'tenant-not-found' } });
    }
    for (const url of USER_ROUTES('globex', acme.smtpUserId)) {
      expect(await world.get(key, url)).toMatchObject({ status: 404, body: { code: 'smtp-user-not-found' } });
    }
    for (const url of [...ROUTES('globex', globex.smtpUserId), ...TENANT_ROUTES('globex', acme.smtpUserId)]) {
      expect(JSON.stringify((await world.get(key, url)).body)).not.toContain('acme');
    }
  });

  it('is closed to relays and to who has no key', async () => {
    const relay = await world.key('relay');
    for (const url of ROUTES('acme', acme.smtpUserId)) {
      expect(await world.get(relay, url)).toMatchObject({ status: 404, body: { code: 'tenant-not-found' } });
      expect(await world.get('', url)).toMatchObject({ status: 401, body: { code: 'api-key-missing' } });
    }
  });
});

describe('readiness and metrics', () => {
  it('show that the consumers have caught up, and how many denials were recorded', async () => {
    expect(await world.get('', '/health/ready')).toEqual({ status: 200, body: { status: 'ready', ...BUILD } });
    const { payload } = await world.app.inject({ method: 'GET', url: '/metrics' });
    expect(payload).toMatch(/^postern_audit_denials_recorded_total 2$/m);
    expect(payload).toMatch(/^postern_audit_changes_recorded_total 4$/m);
    expect(payload).toMatch(/^postern_consumer_delay_seconds_count\{consumer="audit-denials"\} [1-9]\d*$/m);
  });
});
