import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId, UsernameKey } from '@postern/contracts';
import { inTenant, openDataSource } from '@postern/database';
import type { TestDatabase } from '@postern/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { openClient } from '@postern/testing';
import { auditDatabase } from '../testing/audit-database.js';
import { readChanges, type ChangesParams } from './list-changes.js';

const LIMIT = 51;
const BUSY = '0198c0de-0000-7000-8000-000000000001';

let database: TestDatabase;
let reader: DataSource;
beforeAll(async () => {
  database = await auditDatabase();
  const owner = await openClient(database.url);
  await owner.query(
    `INSERT INTO audit.changes
            (position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, actor, request_id, data)
     SELECT n, gen_random_uuid(), '2026-01-01Z'::timestamptz + n * interval '1 minute',
            CASE WHEN n % 2 = 0 THEN '${BUSY}' ELSE gen_random_uuid() END, 1, 'SmtpUserRenamed',
            CASE WHEN n % 5000 = 3 THEN 'small' ELSE 'large' END,
            jsonb_build_object('role', 'admin', 'keyId', CASE n WHEN 77 THEN 'rare' ELSE 'k' || n % 5 END,
                               'name', CASE n WHEN 88 THEN 'seldom' ELSE 'ci' END), 'r', '{}'
       FROM generate_series(1, 20000) n`,
  );
  await owner.query(`INSERT INTO audit.usernames VALUES ('large', 'busy', '${BUSY}')`);
  await owner.query('ANALYZE audit.changes');
  await owner.end();
  reader = await openDataSource(database.url, 'postern_audit_reader', { poolSize: 1 });
});
afterAll(async () => {
  await reader?.destroy();
  await database?.drop();
});

describe('a page of changes', () => {
  it.each<[tenant: string, filter: Partial<ChangesParams>, found: number, smtpUserId: string | null]>([
    ['large', {}, LIMIT, null],
    ['large', { from: '2026-01-02T00:00:00.000Z', to: '2026-01-03T00:00:00.000Z' }, LIMIT, null],
    ['large', { to: '2026-01-01T02:00:00.000Z' }, LIMIT, null],
    ['large', { to: '2026-01-02T00:00:00.000Z' }, LIMIT, BUSY],
    ['large', { username: 'busy' as UsernameKey }, LIMIT, null],
    ['large', { username: 'nobody' as UsernameKey }, 0, null],
    ['large', { actor: 'ci' }, LIMIT, null],
    ['large', { actor: 'k1' }, LIMIT, null],
    ['large', { actor: 'rare' }, 1, null],
    ['large', { actor: 'seldom' }, 1, null],
    ['large', { actor: 'nobody' }, 0, null],
    ['large', { actor: 'k1', from: '2026-01-02T00:00:00.000Z', to: '2026-01-02T00:09:00.000Z' }, 2, null],
    ['small', {}, 4, null],
  ])(
    'of the tenant %s by %j reads only its own rows, not all of the tenant’s',
    async (tenant, filter, found, smtpUserId) => {
      const read = await inTenant(reader, tenant as TenantId, async (manager) => {
        let plan: unknown;
        const query = async (sql: string, parameters: unknown[]) => {
          plan = await manager.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, parameters);
          return manager.query(sql, parameters);
        };
        const scope = { tenantId: tenant as TenantId, smtpUserId };
        const changes = await readChanges({ query } as EntityManager, scope, { limit: LIMIT - 1, ...filter });
        return { found: changes.length, rows: mostRowsOf(plan) };
      });
      expect(read.found).toBe(found);
      // An actor is looked for as an id and as a name.
      expect(read.rows).toBeLessThanOrEqual(2 * LIMIT);
    },
  );
});

/** The most rows that a step of the plan gave and threw away. */
function mostRowsOf(plan: unknown): number {
  if (typeof plan !== 'object' || plan === null) return 0;
  const step = plan as Readonly<Record<string, unknown>>;
  const rows = Number(step['Actual Rows'] ?? 0) + Number(step['Rows Removed by Filter'] ?? 0);
  return Math.max(rows, ...Object.values(step).map(mostRowsOf));
}
