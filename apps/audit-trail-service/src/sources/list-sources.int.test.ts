import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { Person } from '../testing/happenings.js';
import { hoursAgo, loginOf, reportLogins } from '../testing/logins.js';
import type { SourceHistogram } from './count-sources.js';
import type { Source } from './list-sources.js';

let world: AuditWorld;
let auditor: string;
const app = new Person('app@acme.example');
const begun = Date.now();
const url = `/v1/tenants/acme/smtp-users/${app.smtpUserId}/sources`;

beforeAll(async () => {
  world = await AuditWorld.create({ pageRows: 2 });
  auditor = await world.key('auditor', 'acme');
  await world.happened(app, app.registered(), app.allowed('198.51.100.0/24'));
  const login = (ip: string, hours: number, count: number) => loginOf(app, ip, { hour: hoursAgo(hours), count });
  await reportLogins(world, await world.key('relay'), [
    login('198.51.100.1', 1, 10),
    login('198.51.100.1', 49, 1),
    login('198.51.100.2', 2, 20),
    login('203.0.113.1', 2, 30),
    login('2001:db8::1', 3, 40),
    login('203.0.113.2', 50, 50),
  ]);
});
afterAll(() => world?.end());

const ask = async <Body = Page<Source>>(query = ''): Promise<Body> => {
  const { status, body } = await world.get<Body>(auditor, url + query);
  expect([query, status]).toEqual([query, 200]);
  return body;
};
const ipsOf = async (query: string) => (await ask(query)).items.map(({ ip }) => ip);

describe('GET …/sources', () => {
  it('lists addresses, the latest first, with what would be decided now and by which entry', async () => {
    const { items } = await ask();
    expect(items[0]).toEqual({
      ip: '198.51.100.1',
      logins: 11,
      firstSeenAt: hoursAgo(49),
      lastSeenAt: hoursAgo(1),
      relays: ['mx1'],
      decision: 'allow',
      reason: 'entry-matched',
      matched: expect.objectContaining({ range: '198.51.100.0/24', live: true }),
    });
    expect(items[1]).toMatchObject({ ip: '203.0.113.1', decision: 'deny', reason: 'ip-not-authorized', matched: null });
    expect(items.map(({ ip }) => ip)).toEqual([
      '198.51.100.1',
      '203.0.113.1',
      '198.51.100.2',
      '2001:db8::1',
      '203.0.113.2',
    ]);
  });

  it('filters by the decision, by an address or a range, and by the time', async () => {
    expect(await ipsOf('?decision=allow')).toEqual(['198.51.100.1', '198.51.100.2']);
    expect(await ipsOf('?decision=deny')).toEqual(['203.0.113.1', '2001:db8::1', '203.0.113.2']);
    expect(await ipsOf('?decision=deny&limit=1')).toEqual(['203.0.113.1']);
    expect(await ipsOf('?ip=203.0.113.0/24')).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(await ipsOf('?ip=2001:db8::1')).toEqual(['2001:db8::1']);
    expect(await ipsOf(`?from=${hoursAgo(2)}`)).toEqual(['198.51.100.1', '203.0.113.1', '198.51.100.2']);
    expect(await ipsOf(`?to=${hoursAgo(49)}`)).toEqual(['203.0.113.2']);
    expect(
      await world.get(
        auditor,
        `${url}?cursor=${Buffer.from('["2026-11-01T00:00:00.000Z","x"]').toString('base64url')}`,
      ),
    ).toMatchObject({ status: 422 });
  });

  it('pages by cursor, filtered or not, without a gap or a repeat', async () => {
    expect((await world.walk<Source>(auditor, `${url}?limit=1`)).map(({ ip }) => ip)).toEqual(await ipsOf(''));
    expect((await world.walk<Source>(auditor, `${url}?limit=2&decision=deny`)).map(({ ip }) => ip)).toEqual(
      await ipsOf('?decision=deny'),
    );
  });

  it('comes as CSV and as NDJSON too', async () => {
    const complete = async (accept: string) =>
      (await world.app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${auditor}`, accept } })).payload;
    const [head, first, ...more] = (await complete('text/csv')).trimEnd().split('\r\n');
    expect(head).toBe('ip,firstSeenAt,lastSeenAt,logins,relays,decision,reason,matched.range');
    expect(first).toBe(`198.51.100.1,${hoursAgo(49)},${hoursAgo(1)},11,mx1,allow,entry-matched,198.51.100.0/24`);
    expect(more).toHaveLength(4);
    expect((await complete('application/x-ndjson')).trimEnd().split('\n')).toHaveLength(5);
  });
});

describe('GET …/sources/histogram', () => {
  it('counts by the day what the restriction of now lets in and refuses, and says what is not known', async () => {
    const { days, since, silentRelays, notKept } = await ask<SourceHistogram>('/histogram');
    expect(days).toHaveLength(30);
    expect(days.at(-1)?.day).toBe(new Date().toISOString().slice(0, 10));
    const sum = (of: 'allowed' | 'refused') => days.reduce((total, day) => total + day[of], 0);
    expect([sum('allowed'), sum('refused')]).toEqual([31, 120]);
    expect(days.find(({ day }) => day === hoursAgo(50).slice(0, 10))?.refused).toBeGreaterThanOrEqual(50);
    expect(Date.parse(since ?? '')).toBeGreaterThanOrEqual(begun);
    expect(Date.parse(since ?? '')).toBeLessThanOrEqual(Date.now());
    expect([silentRelays, notKept]).toEqual([[], 0]);
    expect((await ask<SourceHistogram>('/histogram?days=1')).days).toHaveLength(1);
    expect(await world.get(auditor, `${url}/histogram?days=91`)).toMatchObject({ status: 422 });
  });

  it('names relays that report nothing, and counts logins that were not kept by address', async () => {
    await world.sql(`INSERT INTO access.relays (key_id, name, last_contact_at) VALUES ('k', 'mx9', now())`);
    await world.sql(
      `INSERT INTO logins.overflow (smtp_user_id, tenant_id, day, logins) VALUES ($1, 'acme', current_date, 7)`,
      [app.smtpUserId],
    );
    expect(await ask('/histogram')).toMatchObject({ silentRelays: ['mx9'], notKept: 7 });
  });
});
