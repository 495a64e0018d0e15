import { expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { openDataSource, inTenant } from '@postern/database';
import pg from 'pg';
import { auditDatabase } from './testing/audit-database.js';
import { Person, recorded } from './testing/happenings.js';
import { DenialsConsumer } from './denials/record/denials-consumer.js';
import { readDenials } from './denials/list/read-denials.js';
import { readDeniedIps, countNeighbours } from './denied-ips/list/denied-ip-record.js';
import { parseRange } from '@postern/ip-ranges';

const out = (s: string) => process.stderr.write(s + '\n');
it('scratch', async () => {
  const database = await auditDatabase();
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  const audit = await openDataSource(database.url, 'postern_audit', { poolSize: 2 });
  const consumer = new DenialsConsumer(audit);
  // ingest speed
  const people = Array.from({ length: 1000 }, (_, i) => new Person(`user${i}@acme.example`, `t${i % 100}` as never));
  const batches = Array.from({ length: 30 }, (_, b) => ({
    events: Array.from({ length: 2000 }, (_, i) => {
      const p = people[(i * 7 + b) % 1000] as Person;
      return recorded(p, p.denied(`203.0.${i % 5}.${(i * 13) % 250}`, { occurredAt: new Date(Date.now() - i * 1000).toISOString() }), b * 2000 + i) as never;
    }),
    advance: async () => undefined,
  }));
  await consumer.handle(batches[0] as never);
  const t0 = performance.now();
  for (const b of batches.slice(1)) await consumer.handle(b as never);
  out(`ingest ${(29 * 2000) / ((performance.now() - t0) / 1000)} /s`);
  // data set
  await owner.query(`SELECT audit.prepare_denial_month((now() - make_interval(months => m))::date) FROM generate_series(0, 4) m`);
  const N = Number(process.env['ROWS'] ?? 2_000_000);
  await owner.query(`
    CREATE TEMP TABLE u AS SELECT i, 'tenant-' || (i % 100) AS tenant_id, md5('u' || i)::uuid AS smtp_user_id FROM generate_series(0, 9999) i;
    INSERT INTO audit.denials (id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip, address, relay, reason, mode)
    SELECT gen_random_uuid(), now() - random() * interval '90 days', now(), n, u.smtp_user_id, 1, true, u.tenant_id, 'user' || u.i || '@example.org',
           host(a.ip), a.ip, 'mx' || (n % 8), 'ip-not-authorized', 'enforce'
      FROM generate_series(1, ${N}) n
      JOIN u ON u.i = (n::bigint * 7919) % 10000
      CROSS JOIN LATERAL (SELECT ('198.' || (16 + u.i % 16) || '.' || (n / 10000 % 4) || '.' || (n::bigint * 31 / 7 % 250))::inet AS ip) a`);
  await owner.query(`
    INSERT INTO audit.denied_ips (smtp_user_id, tenant_id, ip, address, count, first_denied_at, last_denied_at, relays, reasons)
    SELECT smtp_user_id, tenant_id, ip, address, sum(count), min(occurred_at), max(occurred_at), (array_agg(DISTINCT relay))[1:20], array_agg(DISTINCT reason)
      FROM audit.denials WHERE tenant_id LIKE 'tenant-%' GROUP BY 1, 2, 3, 4; 
    INSERT INTO audit.restrictions SELECT smtp_user_id, tenant_id, 'user' || i || '@example.org', false, 1, '{}' FROM u;
    INSERT INTO audit.usernames SELECT tenant_id, 'user' || i || '@example.org', smtp_user_id FROM u;`);
  await owner.query('VACUUM ANALYZE audit.denials'); await owner.query('VACUUM ANALYZE audit.denied_ips'); await owner.query('ANALYZE audit.usernames');
  out(JSON.stringify((await owner.query(`SELECT count(*)/count(DISTINCT smtp_user_id) AS ips, (SELECT pg_size_pretty(sum(pg_total_relation_size(inhrelid))) FROM pg_inherits WHERE inhparent='audit.denials'::regclass) size FROM audit.denied_ips`)).rows));
  const reader = await openDataSource(database.url, 'postern_audit_reader', { poolSize: 6 });
  const uid = (i: number) => owner.query(`SELECT md5('u' || $1::int)::uuid AS id`, [i]).then((r) => r.rows[0].id as string);
  const ids = await Promise.all(Array.from({ length: 200 }, (_, i) => uid(i * 37)));
  const rng = (t: string) => { const r = parseRange(t); if (!r.ok) throw new Error(); return r.value; };
  const bench = async (name: string, work: (i: number) => Promise<unknown>) => {
    const times: number[] = [];
    for (let i = 0; i < 200; i++) { const t = performance.now(); await work(i); times.push(performance.now() - t); }
    times.sort((a, b) => a - b);
    out(`${name}: p50 ${times[100]?.toFixed(1)} p99 ${times[197]?.toFixed(1)} max ${times[199]?.toFixed(1)}`);
  };
  const tenant = (i: number) => `tenant-${(i * 37) % 100}`;
  const list = (i: number, user: boolean, filter: object, limit = 51, after: string[] | null = null) =>
    inTenant(reader, tenant(i), (m) => readDenials(m, { tenantId: tenant(i) as never, smtpUserId: user ? (ids[i] as string) : null }, filter, { limit, after }));
  const days = (d: number) => new Date(Date.now() - d * 86400e3).toISOString();
  await bench('tenant', (i) => list(i, false, {}));
  await bench('tenant 500', (i) => list(i, false, {}, 501));
  await bench('tenant deep', (i) => list(i, false, {}, 51, [days(40), newId()]));
  await bench('tenant from/to', (i) => list(i, false, { from: days(50), to: days(49) }));
  await bench('user', (i) => list(i, true, {}));
  await bench('user deep', (i) => list(i, true, {}, 51, [days(40), newId()]));
  await bench('tenant ip', async (i) => { const r = await list(i, false, { range: rng(`198.${16 + (i * 37) % 16}.1.7`) }); if (i === 0) out(String(r.length)); });
  await bench('tenant ip none', (i) => list(i, false, { range: rng(`9.9.9.9`) }));
  await bench('tenant /24 dense', async (i) => { const r = await list(i, false, { range: rng(`198.${16 + (i * 37) % 16}.1.0/24`) }); if (i === 0) out(String(r.length)); });
  await bench('tenant /28', async (i) => { const r = await list(i, false, { range: rng(`198.${16 + (i * 37) % 16}.1.16/28`) }); if (i === 0) out(String(r.length)); });
  await bench('tenant /8 all', (i) => list(i, false, { range: rng(`198.0.0.0/8`) }));
  await bench('tenant /16 none', (i) => list(i, false, { range: rng(`9.9.0.0/16`) }));
  await bench('user /24', (i) => list(i, true, { range: rng(`198.${16 + (i * 37) % 16}.1.0/24`) }));
  await bench('username', (i) => list(i, false, { username: `user${i * 37}@example.org` }));
  await bench('relay', (i) => list(i, false, { relay: 'mx3' }));
  await bench('relay none', (i) => list(i, false, { relay: 'nope' }));
  await bench('denied-ips', (i) => inTenant(reader, tenant(i), (m) => readDeniedIps(m, ids[i] as string, { limit: 51, after: null })));
  await bench('neighbours 50', (i) => inTenant(reader, tenant(i), (m) => countNeighbours(m, ids[i] as string, Array.from({ length: 50 }, (_, k) => `198.${16 + (i * 37) % 16}.${k}.0/24`))));
  const explain = async (sql: string, p: unknown[]) => out((await inTenant(reader, 'tenant-1', (m) => m.query<{ 'QUERY PLAN': string }[]>('EXPLAIN (ANALYZE, BUFFERS) ' + sql, p))).map((r) => r['QUERY PLAN']).join('\n'));
  const R = `address BETWEEN host(network($2::inet))::inet AND host(broadcast($2::inet))::inet`;
  for (const ip of ['198.17.1.7', '198.17.1.0/24', '9.9.0.0/16']) await explain(`SELECT * FROM audit.denials WHERE tenant_id = $1 AND ${R} ORDER BY occurred_at DESC, id DESC LIMIT 51`, ['tenant-1', ip]);
  await explain(`SELECT * FROM audit.denials WHERE tenant_id = $1 ORDER BY occurred_at DESC, id DESC LIMIT 51`, ['tenant-1']);
  await reader.destroy(); await audit.destroy(); await owner.end(); await database.drop();
  expect(1).toBe(1);
}, 600_000);
