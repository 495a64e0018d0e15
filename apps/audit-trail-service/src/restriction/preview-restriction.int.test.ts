import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { AuditWorld } from '../testing/audit-world.js';
import { entryOf, Person } from '../testing/happenings.js';
import { hoursAgo, loginOf, reportLogins } from '../testing/logins.js';
import type { RestrictionPreview } from './preview-restriction.js';
import type { SuggestedRestriction } from './suggest-restriction.js';

let world: AuditWorld;
let admin: string;
let relay: string;
const SOON = new Date(Date.now() + 3_600_000).toISOString();
const LATER = new Date(Date.now() + 7_200_000).toISOString();
const app = new Person('app@acme.example');
const open = new Person('open@acme.example');
const removed = new Person('removed@acme.example');
const theirs = new Person('app@globex.example', 'globex' as TenantId);
const office = entryOf('198.51.100.0/24');
const ending = entryOf('192.0.2.1', { expiresAt: SOON });

beforeAll(async () => {
  world = await AuditWorld.create();
  admin = await world.key('admin', 'acme');
  relay = await world.key('relay');
  await world.append(app, app.registered(), app.added(office, ending));
  await world.append(open, open.registered());
  await world.append(removed, removed.registered(), removed.removed());
  await world.happened(theirs, theirs.registered(), theirs.allowed('198.51.100.0/24'));
});
afterAll(() => world?.end());

const urlOf = ({ tenantId, smtpUserId }: Person, what: string) =>
  `/v1/tenants/${tenantId}/smtp-users/${smtpUserId}/restriction/${what}`;
async function post(person: Person, body: object, key = admin, headers = {}) {
  const url = urlOf({ ...person, tenantId: 'acme' } as Person, 'preview');
  const answer = await world.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${key}`, ...headers },
    payload: body,
  });
  return { status: answer.statusCode, body: answer.json<RestrictionPreview & { code: string; errors: object[] }>() };
}
async function preview(body: object, person = app): Promise<RestrictionPreview> {
  const answer = await post(person, body);
  expect([answer.body, answer.status]).toEqual([expect.anything(), 200]);
  return answer.body;
}
const suggestion = (person: Person, query = '') =>
  world.get<SuggestedRestriction>(admin, `${urlOf(person, 'suggestion')}${query}`);

describe('before any relay has reported', () => {
  it('says that nothing is known, and since when: never', async () => {
    const unknown = { logins: 0, since: null, silentRelays: [], notKept: 0 };
    expect(await preview({})).toEqual({ ...unknown, refused: 0, refusedAddresses: 0, addresses: [], version: 2 });
    const nothing = { ranges: [], left: [], leftAddresses: 0, leftLogins: 0 };
    expect(await suggestion(app)).toEqual({ status: 200, body: { ...unknown, ...nothing } });
  });
});

describe('a preview', () => {
  const login = (person: Person, ip: string, hours: number, count: number) =>
    loginOf(person, ip, { hour: hoursAgo(hours), count });
  beforeAll(async () => {
    await reportLogins(world, relay, [
      login(app, '198.51.100.9', 1, 100),
      login(app, '203.0.113.9', 2, 40),
      login(app, '192.0.2.1', 3, 20),
      login(app, '2001:db8::9', 4, 1),
      login(app, '203.0.113.200', 24 * 40, 5),
      login(open, '203.0.113.9', 1, 7),
      login(theirs, '203.0.113.77', 1, 1_000),
    ]);
  });
  const refusal = (ip: string, logins: number, hours: number, reason = 'ip-not-authorized') => ({
    ip,
    logins,
    lastSeenAt: hoursAgo(hours),
    reason,
  });

  it('without a change is of the restriction as it is: the refused addresses, the latest first', async () => {
    const refused = [refusal('203.0.113.9', 40, 2), refusal('2001:db8::9', 1, 4)];
    expect(await preview({})).toEqual({
      logins: 161,
      refused: 41,
      refusedAddresses: 2,
      addresses: refused,
      since: expect.stringMatching(/Z$/),
      silentRelays: [],
      notKept: 0,
      version: 2,
    });
    expect(await preview({ days: 60 })).toMatchObject({ logins: 166, refused: 46, refusedAddresses: 3 });
  });

  it.each([
    ['another list', { entries: [{ range: '203.0.113.0/24' }] }, ['198.51.100.9', '192.0.2.1', '2001:db8::9']],
    ['an added entry', { add: [{ range: '2001:db8::/64' }] }, ['203.0.113.9']],
    ['a removed entry', { remove: [office.id] }, ['198.51.100.9', '203.0.113.9', '2001:db8::9']],
    ['report-only', { mode: 'report-only' }, []],
    ['report-only with an end', { mode: 'report-only', enforceAt: LATER, at: SOON }, []],
    ['that end', { mode: 'report-only', enforceAt: SOON, at: SOON }, ['203.0.113.9', '192.0.2.1', '2001:db8::9']],
    ['the end of an entry', { at: SOON }, ['203.0.113.9', '192.0.2.1', '2001:db8::9']],
    [
      'all of it, in order',
      { entries: [{ range: '203.0.113.9' }], add: [{ range: '192.0.2.0/24' }], mode: 'enforce' },
      ['198.51.100.9', '2001:db8::9'],
    ],
  ])('of %s says what would have been refused', async (_, body, ips) => {
    const { addresses, refusedAddresses } = await preview(body);
    expect(addresses.map(({ ip }) => ip)).toEqual(ips);
    expect(refusedAddresses).toBe(ips.length);
  });

  it('says that no entry is live where all have expired by then', async () => {
    const { addresses } = await preview({ entries: [{ range: '198.51.100.9', expiresAt: SOON }], at: SOON });
    expect(addresses[0]).toEqual(refusal('198.51.100.9', 100, 1, 'no-live-entry'));
  });

  it('of the first list of an unrestricted user refuses what it leaves out', async () => {
    expect(await preview({}, open)).toMatchObject({ logins: 7, refused: 0 });
    expect(await preview({ entries: [{ range: '192.0.2.1' }] }, open)).toMatchObject({ refused: 7, version: 1 });
  });

  it('changes nothing', async () => {
    const count = () => world.sql('SELECT count(*) FROM journal.events');
    const before = await count();
    await preview({ entries: [{ range: '192.0.2.77' }], mode: 'report-only' });
    expect(await count()).toEqual(before);
    expect(await preview({})).toMatchObject({ version: 2, refused: 41 });
  });

  it.each([
    [{ entries: [{ range: '203.0.113.9/24' }] }, '/entries/0/range', 'host-bits-set'],
    [{ add: [{ range: '203.0.113.9/24' }] }, '/add/0/range', 'host-bits-set'],
    [{ add: [{ range: '198.51.100.0/24' }] }, '/add/0/range', 'entry-duplicate'],
    [{ add: [] }, '/add', 'field-missing'],
    [{ add: [{ range: '192.0.2.9', expiresAt: '2001-01-01T00:00:00Z' }] }, '/add/0/expiresAt', 'expiry-in-the-past'],
    [{ add: [{ range: '192.0.2.9', note: 'a\u0000b' }] }, '/add/0/note', 'validation-failed'],
    [{ entries: Array.from({ length: 1_001 }, () => ({})) }, '/entries', 'too-many-entries'],
    [{ mode: 'off' }, '/mode', 'validation-failed'],
    [{ mode: 'enforce', enforceAt: LATER }, '/enforceAt', 'validation-failed'],
    [{ enforceAt: LATER }, '/mode', 'field-missing'],
    [{ mode: 'report-only', enforceAt: '2001-01-01T00:00:00Z' }, '/enforceAt', 'expiry-in-the-past'],
    [{ at: 'tomorrow' }, '/at', 'validation-failed'],
    [{ days: 91 }, '/days', 'validation-failed'],
    [{ list: [] }, '/list', 'field-unknown'],
  ])('refuses %.70j as a write does', async (body, pointer, code) => {
    expect(await post(app, body)).toMatchObject({
      status: 422,
      body: { code: 'validation-failed', errors: [{ pointer, code }] },
    });
  });

  it.each([
    [{ entries: [] }, 409, 'restriction-empty'],
    [{ remove: [office.id, ending.id] }, 409, 'last-entry'],
    [{ remove: ['019ab1c1-0a51-7b6e-9d5a-2f7c1e4b8d33'] }, 404, 'entry-not-found'],
  ])('refuses %.70j as a write does', async (body, status, code) => {
    expect(await post(app, body)).toMatchObject({ status, body: { code } });
  });

  it('is for every role that may read, and of the tenant’s own SMTP users', async () => {
    expect((await post(app, {}, await world.key('auditor', 'acme'))).status).toBe(200);
    expect((await post(app, {}, await world.key('operator'))).status).toBe(200);
    expect(await post(app, {}, relay)).toMatchObject({ status: 404, body: { code: 'tenant-not-found' } });
    const globex = await world.key('admin', 'globex');
    expect(await post(app, {}, globex)).toMatchObject({ status: 404, body: { code: 'tenant-not-found' } });
    for (const person of [theirs, removed, { ...app, smtpUserId: 'nobody' } as unknown as Person]) {
      expect(await post(person, {})).toMatchObject({ status: 404, body: { code: 'smtp-user-not-found' } });
      const caller = { ...person, tenantId: 'acme' } as Person;
      expect(await suggestion(caller)).toMatchObject({ status: 404, body: { code: 'smtp-user-not-found' } });
    }
  });

  it('waits for the version of a write, and says so where it does not come', async () => {
    expect(await post(app, {}, admin, { 'postern-min-version': '99' })).toMatchObject({
      status: 503,
      body: { code: 'read-side-behind' },
    });
  });

  it('names the relays that report no logins, and counts what was not kept by address', async () => {
    await world.sql(
      `INSERT INTO access.relays (key_id, name, last_contact_at) VALUES (gen_random_uuid()::text, 'mx9', now())`,
    );
    await world.sql(
      `INSERT INTO logins.overflow (smtp_user_id, tenant_id, day, logins) VALUES ($1, 'acme', current_date, 12)`,
      [open.smtpUserId],
    );
    expect(await preview({}, open)).toMatchObject({ logins: 7, silentRelays: ['mx9'], notKept: 12 });
    expect((await suggestion(open)).body).toMatchObject({ logins: 7, silentRelays: ['mx9'], notKept: 12 });
  });
});

describe('a suggestion', () => {
  const person = new Person('suggest@acme.example');
  beforeAll(async () => {
    await world.happened(person, person.registered());
    const hosts = ['2001:db8:1::1', '2001:db8:1::2', '2001:db8:1::3', '203.0.113.9', '198.51.100.7', '192.0.2.7'];
    const counts = [5, 5, 5, 85, 1, 1];
    await reportLogins(
      world,
      relay,
      hosts.map((ip, i) => loginOf(person, ip, { hour: hoursAgo(i), count: counts[i] })),
    );
  });

  it('covers both families, and names what it leaves out', async () => {
    expect((await suggestion(person)).body).toMatchObject({
      ranges: [
        { range: '203.0.113.9', logins: 85, addresses: 1 },
        { range: '2001:db8:1::/64', logins: 15, addresses: 3 },
      ],
      left: [
        { ip: '198.51.100.7', logins: 1 },
        { ip: '192.0.2.7', logins: 1 },
      ],
      leftAddresses: 2,
      leftLogins: 2,
      logins: 102,
      since: expect.any(String),
    });
  });

  it('as a list refuses in its preview what it left out, and nothing else', async () => {
    const { ranges, left, leftLogins } = (await suggestion(person)).body;
    const { addresses, refused } = await preview({ entries: ranges.map(({ range }) => ({ range })) }, person);
    expect(addresses.map(({ ip, logins }) => ({ ip, logins }))).toEqual(left);
    expect(refused).toBe(leftLogins);
  });

  it.each(['0', '91', 'x'])('refuses %s days', async (days) => {
    expect(await suggestion(person, `?days=${days}`)).toMatchObject({ status: 422 });
  });
});
