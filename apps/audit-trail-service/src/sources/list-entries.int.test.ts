import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { entryOf, Person } from '../testing/happenings.js';
import { hoursAgo, loginOf, reportLogins } from '../testing/logins.js';
import type { UsedEntry, UsedEntryPage } from './list-entries.js';

let world: AuditWorld;
let auditor: string;
/** The list is in the order of the ids, which say nothing within a millisecond. */
const [first, second] = ['a@acme.example', 'b@acme.example']
  .map((username) => new Person(username))
  .toSorted((a, b) => (a.smtpUserId < b.smtpUserId ? -1 : 1)) as [Person, Person];
const removed = new Person('removed@acme.example');
const theirs = new Person('app@globex.example', 'globex' as TenantId);

/** An entry that was added so many hours ago. */
const entry = (range: string, hours: number) =>
  entryOf(range, { addedAt: new Date(Date.now() - hours * 3_600_000).toISOString() });
const DAY = 24;
const office = entry('198.51.100.0/24', 60 * DAY);
const desk = entry('198.51.100.7', 50 * DAY);
const old = entry('2001:db8::/64', 89 * DAY);
const fresh = entry('203.0.113.9', 0);
const never = entry('192.0.2.0/24', 80 * DAY);

beforeAll(async () => {
  world = await AuditWorld.create({ pageRows: 2 });
  auditor = await world.key('auditor', 'acme');
  await world.append(first, first.registered(), first.added(office, desk, old));
  await world.append(second, second.registered(), second.added(never), second.added(fresh));
  await world.append(removed, removed.registered(), removed.added(entry('192.0.2.9', 80 * DAY)), removed.removed());
  await world.happened(theirs, theirs.registered(), theirs.added(entry('198.51.100.0/24', 80 * DAY)));
});
afterAll(() => world?.end());

const list = async (query = '') => {
  const answer = await world.get<UsedEntryPage>(auditor, `/v1/tenants/acme/entries${query}`);
  expect([query, answer.status]).toEqual([query, 200]);
  return answer.body;
};
const rangesOf = async (query: string) => (await list(query)).items.map(({ entry: { range } }) => range);

describe('before relays have reported for that long', () => {
  it('lists no entry as unused, and says since when logins are known', async () => {
    expect(await list('?unusedForDays=30')).toEqual({ items: [], nextCursor: null, since: null, silentRelays: [] });
    await reportLogins(world, await world.key('relay'), []);
    const { items, since } = await list('?unusedForDays=30');
    expect([items, since]).toEqual([[], expect.any(String)]);
  });

  it.each(['csv', 'ndjson'])(
    'refuses to export unused entries as %s: an empty file cannot say that',
    async (format) => {
      const url = `/v1/tenants/acme/entries?unusedForDays=30&format=${format}`;
      const answer = await world.get<{ errors: { detail: string }[] }>(auditor, url);
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '?unusedForDays' }] } });
      expect(answer.body.errors[0]?.detail).toMatch(
        /^Relays report logins only since \S+Z, so it is not known which entries were unused for 30 days\. Ask for fewer days, or wait\.$/,
      );
    },
  );
});

describe('the entries of a tenant', () => {
  beforeAll(async () => {
    const login = (person: Person, ip: string, hours: number, more = {}) =>
      loginOf(person, ip, { hour: hoursAgo(hours), count: 10, ...more });
    await reportLogins(world, await world.key('relay'), [
      login(first, '198.51.100.7', 2, { entryId: office.id }),
      login(first, '198.51.100.8', 40 * DAY),
      login(first, '2001:db8::1', 45 * DAY),
      login(second, '203.0.113.9', 2 * DAY),
      login(theirs, '198.51.100.9', 1),
    ]);
    await world.sql(`UPDATE logins.reporters SET first_reported_at = now() - interval '70 days'`);
  });

  it('are listed with when they last let a login in, and how often in 30 days: those added last first', async () => {
    const { items, nextCursor, since, silentRelays } = await list();
    const used = ({ username, entry: { range }, lastMatchedAt, logins30d }: UsedEntry) => [
      username,
      range,
      lastMatchedAt,
      logins30d,
    ];
    expect(items.map(used)).toEqual([
      [second.username, '203.0.113.9', null, 0],
      [second.username, '192.0.2.0/24', null, 0],
      [first.username, '2001:db8::/64', hoursAgo(45 * DAY), 0],
      [first.username, '198.51.100.7', null, 0],
      [first.username, '198.51.100.0/24', hoursAgo(2), 10],
    ]);
    expect([nextCursor, since, silentRelays]).toEqual([null, expect.any(String), []]);
    expect(items[0]).toEqual({
      smtpUserId: second.smtpUserId,
      username: second.username,
      entry: { ...fresh, live: true },
      lastMatchedAt: null,
      logins30d: 0,
    });
  });

  it.each([
    [1, ['192.0.2.0/24', '2001:db8::/64', '198.51.100.7']],
    [44, ['192.0.2.0/24', '2001:db8::/64', '198.51.100.7']],
    [46, ['192.0.2.0/24', '198.51.100.7']],
    [55, ['192.0.2.0/24']],
    [71, []],
  ])('that let no login in for %d days are those that were there as long, and known as long', async (days, ranges) => {
    expect(await rangesOf(`?unusedForDays=${days}`)).toEqual(ranges);
  });

  it('are those of one SMTP user on request, and none of somebody else’s', async () => {
    expect(await rangesOf(`?smtpUserId=${second.smtpUserId}`)).toEqual(['203.0.113.9', '192.0.2.0/24']);
    expect(await rangesOf(`?smtpUserId=${theirs.smtpUserId}`)).toEqual([]);
    expect(await rangesOf(`?smtpUserId=${removed.smtpUserId}`)).toEqual([]);
  });

  it('come page by page, without one missing or twice', async () => {
    const all = await rangesOf('');
    const walk = (query: string) => world.walk<UsedEntry>(auditor, `/v1/tenants/acme/entries?limit=2${query}`);
    expect((await walk('')).map(({ entry: { range } }) => range)).toEqual(all);
    expect((await walk('&unusedForDays=1')).map(({ entry: { range } }) => range)).toEqual([
      '192.0.2.0/24',
      '2001:db8::/64',
      '198.51.100.7',
    ]);
  });

  it('are exported as CSV and as NDJSON', async () => {
    const ask = (accept: string) =>
      world.app.inject({
        url: '/v1/tenants/acme/entries?unusedForDays=46',
        headers: { authorization: `Bearer ${auditor}`, accept },
      });
    const csv = await ask('text/csv');
    expect(csv.payload.split('\r\n')).toEqual([
      'username,entry.range,entry.note,entry.addedBy,entry.addedAt,entry.expiresAt,lastMatchedAt,logins30d,smtpUserId,entry.id',
      `${second.username},192.0.2.0/24,,ci,${never.addedAt},,,0,${second.smtpUserId},${never.id}`,
      `${first.username},198.51.100.7,,ci,${desk.addedAt},,,0,${first.smtpUserId},${desk.id}`,
      '',
    ]);
    const lines = (await ask('application/x-ndjson')).payload.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as UsedEntry).entry.range)).toEqual(['192.0.2.0/24', '198.51.100.7']);
  });

  it.each([
    ['unusedForDays=0', '?unusedForDays'],
    ['unusedForDays=91', '?unusedForDays'],
    ['smtpUserId=nobody', '?smtpUserId'],
    ['unused=1', '?unused'],
  ])('refuse ?%s', async (query, pointer) => {
    const answer = await world.get(auditor, `/v1/tenants/acme/entries?${query}`);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });
});
