import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type Page, type TenantId } from '@postern/contracts';
import { metrics } from '@postern/observe';
import { onDatabase, until } from '@postern/testing';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import { hoursAgo, loginOf, reportLogins } from '../testing/logins.js';
import { Retention } from '../retention/retention.js';
import type { Source } from './list-sources.js';

let world: AuditWorld;
let relay: string;
let auditor: string;
const STUCK = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'postern_logins_writer' AND wait_event_type = 'Lock'`;
const TAKEN = { status: 200, body: { accepted: 1, duplicate: false, rejected: 0 } };

beforeAll(async () => {
  world = await AuditWorld.create();
  relay = await world.key('relay');
  auditor = await world.key('auditor', 'acme');
});
afterAll(() => world?.end());

async function person(username: string, tenantId = 'acme'): Promise<Person> {
  const known = new Person(username, tenantId as TenantId);
  await world.happened(known, known.registered());
  return known;
}

const sourcesOf = async ({ smtpUserId }: Person, key = auditor, tenantId = 'acme'): Promise<Source[]> => {
  const url = `/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/sources`;
  const { status, body } = await world.get<Page<Source>>(key, url);
  expect(status).toBe(200);
  return [...body.items];
};

const rejectedBy = async (): Promise<Record<string, number>> => {
  const values = (await metrics.getSingleMetric('postern_logins_rejected_total')?.get())?.values ?? [];
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels['reason']), value]));
};

describe('POST /v1/relay/logins', () => {
  it('counts logins by address; what it cannot take it counts by the reason, and takes the rest', async () => {
    const app = await person('app@acme.example');
    const before = await rejectedBy();
    const batch = [
      loginOf(app, '203.0.113.9', { count: 3 }),
      loginOf(app, '::ffff:203.0.113.9', { hour: new Date().toISOString(), relay: 'mx2' }),
      loginOf({ smtpUserId: newId() }, '203.0.113.9'),
      loginOf(app, '203.0.113.9/24'),
      loginOf(app, '203.0.113.9', { count: 0 }),
      loginOf(app, '203.0.113.9', { count: 1e9 + 1 }),
      loginOf(app, '203.0.113.9', { hour: 'now' }),
      loginOf(app, '203.0.113.9', { relay: 'mx\n1' }),
      loginOf(app, '203.0.113.9', { password: 'x' }),
      null,
      [],
    ];
    expect(await reportLogins(world, relay, batch)).toEqual({
      status: 200,
      body: { accepted: 2, duplicate: false, rejected: 9 },
    });
    const after = await rejectedBy();
    const counted = Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]);
    expect(Object.fromEntries(counted)).toEqual({ 'smtp-user-unknown': 1, 'address-unreadable': 1, malformed: 7 });
    expect(await sourcesOf(app)).toEqual([
      expect.objectContaining({ ip: '203.0.113.9', logins: 4, relays: ['mx1', 'mx2'] }),
    ]);
  });

  it('rejects hours that the clock of a relay has wrong: more than an hour ahead, or older than what is kept', async () => {
    const app = await person('clock@acme.example');
    const at = (hour: string) => reportLogins(world, relay, [loginOf(app, '203.0.113.9', { hour })]);
    // By the clock of this moment: an hour later, what is two hours ahead now is taken.
    const ahead = new Date(Date.now() + 2 * 3_600_000).toISOString();
    const rejected = { status: 200, body: { accepted: 0, duplicate: false, rejected: 1 } };
    for (const hour of [ahead, ...[-24 * 365, 24 * 91, 24 * 365 * 30].map(hoursAgo)])
      expect([hour, await at(hour)]).toEqual([hour, rejected]);
    expect(await sourcesOf(app)).toEqual([]);
    for (const hour of [-1, 0, 24 * 89].map(hoursAgo)) expect([hour, await at(hour)]).toEqual([hour, TAKEN]);
    const [source] = await sourcesOf(app);
    expect(source).toMatchObject({ logins: 3, firstSeenAt: hoursAgo(24 * 89), lastSeenAt: hoursAgo(-1) });
  });

  it('counts a batch once, sent again at once, later, or after its first sender was killed before the commit', async () => {
    const app = await person('again@acme.example');
    const batch = [loginOf(app, '203.0.113.9', { count: 5 }), loginOf({ smtpUserId: newId() }, '203.0.113.9')];
    const batchId = newId();
    // The first is stopped in the middle of its transaction, by a lock on what it changes last; the second waits for it.
    const answers = await onDatabase(world.databaseUrl, async (owner) => {
      await owner.query('BEGIN; LOCK TABLE logins.reporters IN EXCLUSIVE MODE');
      const first = reportLogins(world, relay, batch, batchId);
      const [stuck] = await until(
        () => world.sql<{ pid: number }>(STUCK),
        'the first batch',
        ({ length }) => length > 0,
      );
      const second = reportLogins(world, relay, batch, batchId);
      await until(
        () => world.sql(STUCK),
        'the second batch',
        ({ length }) => length > 1,
      );
      await owner.query('SELECT pg_terminate_backend($1)', [stuck?.pid]);
      await owner.query('COMMIT');
      return Promise.all([first, second]);
    });
    const again = await Promise.all([1, 2, 3].map(() => reportLogins(world, relay, batch, batchId)));
    const all = [...answers, ...again];
    expect(answers.map(({ status }) => status)).toEqual([503, 200]);
    expect(all.filter(({ body }) => body.accepted === 1)).toHaveLength(1);
    for (const { body } of again) expect(body).toEqual({ accepted: 0, duplicate: true, rejected: 0 });
    expect((await sourcesOf(app)).map(({ logins }) => logins)).toEqual([5]);
    // The id is another relay's own.
    expect((await reportLogins(world, await world.key('relay'), batch, batchId)).body.duplicate).toBe(false);
  });

  it('shows the next holder of a username nothing of the one before, whether that was renamed or removed', async () => {
    const first = await person('reused@acme.example');
    await reportLogins(world, relay, [loginOf(first, '203.0.113.1')]);
    await world.happened(first, first.renamed('other@acme.example'));
    const second = await person('reused@acme.example');
    await reportLogins(world, relay, [loginOf(second, '203.0.113.2')]);
    await world.happened(second, second.removed());
    const third = await person('reused@acme.example', 'globex');
    // On its way while the user was removed.
    expect(await reportLogins(world, relay, [loginOf(second, '203.0.113.2')])).toEqual(TAKEN);
    const other = await world.key('admin', 'globex');
    expect(await sourcesOf(third, other, 'globex')).toEqual([]);
    await reportLogins(world, relay, [loginOf(third, '203.0.113.3')]);
    expect((await sourcesOf(first)).map(({ ip }) => ip)).toEqual(['203.0.113.1']);
    expect(await sourcesOf(second)).toMatchObject([
      { ip: '203.0.113.2', logins: 2, decision: 'defer', reason: 'smtp-user-unknown' },
    ]);
    expect((await sourcesOf(third, other, 'globex')).map(({ ip }) => ip)).toEqual(['203.0.113.3']);
  });

  it('refuses a malformed envelope completely, and every key but a relay’s', async () => {
    for (const [batchId, logins] of [
      ['1', []],
      [newId(), Array.from({ length: 1_001 }, () => null)],
      [newId(), 'all'],
    ] as const)
      expect(await reportLogins(world, relay, logins as unknown[], batchId)).toMatchObject({ status: 422 });
    for (const key of [auditor, await world.key('operator')])
      expect(await reportLogins(world, key, [])).toMatchObject({ status: 403, body: { code: 'role-not-allowed' } });
  });
});

describe('the retention of observed sources', () => {
  it('deletes the days before what is kept, and batches after two days', async () => {
    const app = await person('old@acme.example');
    await reportLogins(world, relay, [
      loginOf(app, '203.0.113.1', { hour: hoursAgo(24 * 80) }),
      loginOf(app, '203.0.113.2', { hour: hoursAgo(24 * 70) }),
    ]);
    const retention = world.app.get(Retention, { strict: false });
    await retention.sweep(new Date(Date.now() + 15 * 86_400_000));
    expect((await sourcesOf(app)).map(({ ip }) => ip)).toEqual(['203.0.113.2']);
    await world.sql(`UPDATE logins.batches SET received_at = now() - interval '49 hours'`);
    await reportLogins(world, relay, []);
    await retention.sweep(new Date());
    await until(
      () => world.sql<{ count: number }>('SELECT count(*)::integer FROM logins.batches'),
      'the young batch alone',
      ([row]) => row?.count === 1,
    );
  });
});
