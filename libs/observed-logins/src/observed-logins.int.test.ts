import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { accessSchema } from '@postern/access';
import { newId, type ApiKeyId, type EntryId, type SmtpUserId, type TenantId } from '@postern/contracts';
import { inTenant, migrate, openDataSource } from '@postern/database';
import { createTestDatabase, onDatabase, type TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { loginCoverage } from './login-coverage.js';
import { loginsSchema } from './logins-schema.js';
import { findSources, MAX_SOURCES } from './observed-sources.js';
import { loginsByDay, refusedSources } from './refused-sources.js';
import { MAX_ADDRESSES_PER_DAY, storeLogins, type LoginRecord, type StoredLogins } from './store-logins.js';
import type { LoginCoverage } from '@postern/observed-logins';

let database: TestDatabase;
let writer: DataSource;
let reader: DataSource;

beforeAll(async () => {
  database = await createTestDatabase('observed_logins', async (url) => {
    for (const component of [accessSchema, loginsSchema]) await migrate(url, component);
  });
  writer = await openDataSource(database.url, 'postern_logins_writer', { poolSize: 4 });
  reader = await openDataSource(database.url, 'postern_logins_reader', { poolSize: 2 });
});
afterAll(async () => {
  await writer?.destroy();
  await reader?.destroy();
  await database?.drop();
});

const KEY = newId<ApiKeyId>();
const DAY_AGO = new Date('2026-11-01T12:00:00Z');
let smtpUserId: SmtpUserId;
beforeEach(() => {
  smtpUserId = newId<SmtpUserId>();
});

const hourOf = (time: string) => Date.parse(time) / 3_600_000;
const record = (ip: string, more: Partial<LoginRecord> = {}): LoginRecord => ({
  smtpUserId,
  tenantId: 'acme' as TenantId,
  ip,
  hour: hourOf('2026-11-02T08:00:00.000Z'),
  count: 1,
  entryId: null,
  relay: 'mx1',
  ...more,
});
const store = (records: readonly LoginRecord[], batchId = newId(), relay = 'mx1'): Promise<StoredLogins> =>
  storeLogins(writer, { keyId: KEY, batchId, relay, records });
const sources = (tenantId = 'acme', from = DAY_AGO, limit = MAX_SOURCES) =>
  inTenant(reader, tenantId, async (manager) => {
    const all = await findSources(
      manager,
      smtpUserId,
      { from: `${from.toISOString().slice(0, 10)}T00:00:00.000Z` },
      limit,
    );
    // With no range allowed, all are refused, in the same order.
    const { addresses } = await refusedSources(manager, smtpUserId, from, [], limit);
    expect(addresses).toEqual(all.map(({ ip, logins, lastSeenAt }) => ({ ip, logins, lastSeenAt })));
    return all;
  });
const known = (tenantId = 'acme'): Promise<LoginCoverage> =>
  inTenant(reader, tenantId, (manager) => loginCoverage(manager, smtpUserId, DAY_AGO));
const sql = (text: string) => onDatabase(database.url, async (owner) => (await owner.query<object>(text)).rows);

describe('observed sources', () => {
  it('are folded by address over hours, days, relays and batches, newest first', async () => {
    const first = [
      record('198.51.100.1', { count: 3 }),
      record('198.51.100.1', { count: 2, hour: hourOf('2026-11-02T07:00:00.000Z'), relay: 'mx2' }),
      record('2001:db8::1', { hour: hourOf('2026-11-03T09:00:00.000Z') }),
    ];
    expect(await store(first)).toEqual({ accepted: 3, duplicate: false, notKept: 0 });
    await store([record('198.51.100.1', { count: 4, relay: 'mx3' })]);
    await store([record('198.51.100.1', { count: 1, hour: hourOf('2026-11-04T23:00:00.000Z') })]);
    expect(await sources()).toEqual([
      {
        ip: '198.51.100.1',
        logins: 10,
        firstSeenAt: '2026-11-02T07:00:00.000Z',
        lastSeenAt: '2026-11-04T23:00:00.000Z',
        relays: ['mx1', 'mx2', 'mx3'],
      },
      {
        ip: '2001:db8::1',
        logins: 1,
        firstSeenAt: '2026-11-03T09:00:00.000Z',
        lastSeenAt: '2026-11-03T09:00:00.000Z',
        relays: ['mx1'],
      },
    ]);
    expect((await sources('acme', new Date('2026-11-04T00:00:00Z'))).map(({ logins }) => logins)).toEqual([1]);
    expect((await sources('acme', DAY_AGO, 1)).map(({ ip }) => ip)).toEqual(['198.51.100.1']);
  });

  it('are shown as addresses are written everywhere else', async () => {
    const addresses = ['::102:304', '64:ff9b::102:304', '2001:db8:0:1:1:1:1:1', '1.2.3.4'];
    await store(addresses.map((ip) => record(ip)));
    expect((await sources()).map(({ ip }) => ip).toSorted()).toEqual(addresses.toSorted());
  });

  it('keep names that PostgreSQL reads in another way when they are not quoted', async () => {
    const relays = ['null', 'a,b', '{"mx"}', 'C:\\mx', "it's"];
    const records = relays.map((relay) => record('198.51.100.1', { relay, tenantId: 'null' as TenantId }));
    await store(records);
    expect((await sources('null')).map((source) => source.relays)).toEqual([relays]);
  });

  it('count a batch once, however often and at whatever moment it is sent again', async () => {
    const batchId = newId();
    const batch = [record('198.51.100.1', { count: 5 })];
    const answers = await Promise.all(Array.from({ length: 8 }, () => store(batch, batchId)));
    expect(answers.map(({ accepted }) => accepted).toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await store(batch, batchId)).toEqual({ accepted: 0, duplicate: true, notKept: 0 });
    expect((await sources()).map(({ logins }) => logins)).toEqual([5]);
    // Another key's batch is another batch.
    await storeLogins(writer, { keyId: newId<ApiKeyId>(), batchId, relay: 'mx1', records: batch });
    expect((await sources()).map(({ logins }) => logins)).toEqual([10]);
  });

  it('lose nothing to batches of the same users that come at once, in any order', async () => {
    const addresses = Array.from({ length: 200 }, (_, i) => `203.0.113.${i}`);
    const batches = Array.from({ length: 12 }, (_, i) => (i % 2 ? addresses : addresses.toReversed()));
    await Promise.all(batches.map((batch) => store(batch.map((ip) => record(ip)))));
    expect(new Set((await sources()).map(({ logins }) => logins))).toEqual(new Set([12]));
  });

  it('remember the entry that matched last', async () => {
    const [older, newer] = [newId<EntryId>(), newId<EntryId>()];
    await store([record('198.51.100.1', { entryId: newer, hour: hourOf('2026-11-02T10:00:00.000Z') })]);
    await store([record('198.51.100.1', { entryId: older })]);
    await store([record('198.51.100.1', { hour: hourOf('2026-11-02T11:00:00.000Z') })]);
    expect(await sql(`SELECT entry_id FROM logins.sources WHERE smtp_user_id = '${smtpUserId}'`)).toEqual([
      { entry_id: newer },
    ]);
  });

  it('are kept up to a bound for a user and day; logins from more are counted, and from those that are kept still by address', async () => {
    const flood = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => record(`2001:db8::${(from + i).toString(16)}`));
    await store(flood(1, MAX_ADDRESSES_PER_DAY - 10));
    expect(await store(flood(MAX_ADDRESSES_PER_DAY - 9, 25))).toEqual({ accepted: 25, duplicate: false, notKept: 15 });
    expect(await store([record('2001:db8::1', { count: 7 }), record('203.0.113.1', { count: 3 })])).toMatchObject({
      notKept: 3,
    });
    const kept = await sources();
    expect(kept).toHaveLength(MAX_ADDRESSES_PER_DAY);
    expect(kept.find(({ ip }) => ip === '2001:db8::1')?.logins).toBe(8);
    expect(await known()).toMatchObject({ notKept: 18 });
    // Another day has room of its own.
    expect(await store([record('203.0.113.1', { hour: hourOf('2026-11-03T00:00:00.000Z') })])).toMatchObject({
      notKept: 0,
    });
  });

  it('are seen only by their tenant', async () => {
    await store([record('198.51.100.1')]);
    expect(await sources('globex')).toEqual([]);
    expect(await sources()).toHaveLength(1);
  });
});

describe('what a list of ranges would refuse', () => {
  const refused = (allowed: readonly string[], limit = 10, tenantId = 'acme') =>
    inTenant(reader, tenantId, (manager) => refusedSources(manager, smtpUserId, DAY_AGO, allowed, limit));
  const ips = async (allowed: readonly string[], limit?: number) =>
    (await refused(allowed, limit)).addresses.map(({ ip }) => ip);

  it('is the addresses outside of all ranges, newest first, of both families, with totals beyond the limit', async () => {
    await store([
      record('198.51.100.0', { count: 2 }),
      record('198.51.100.255', { hour: hourOf('2026-11-03T08:00:00.000Z') }),
      record('198.51.100.255', { hour: hourOf('2026-11-04T08:00:00.000Z') }),
      record('198.51.101.0', { hour: hourOf('2026-11-02T09:00:00.000Z') }),
      record('2001:db8:0:1:1:1:1:1', { hour: hourOf('2026-11-02T10:00:00.000Z') }),
      record('0.0.0.0', { hour: hourOf('2026-11-02T06:00:00.000Z') }),
      record('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', { hour: hourOf('2026-11-02T05:00:00.000Z') }),
    ]);
    expect(await ips(['198.51.100.0/24', '198.51.100.7', '2001:db8::/32'])).toEqual([
      '198.51.101.0',
      '0.0.0.0',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ]);
    expect(await refused(['::/0'], 1)).toEqual({
      logins: 8,
      refused: 6,
      refusedAddresses: 4,
      addresses: [{ ip: '198.51.100.255', logins: 2, lastSeenAt: '2026-11-04T08:00:00.000Z' }],
    });
    expect(await ips(['0.0.0.0/0'])).toEqual(['2001:db8:0:1:1:1:1:1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']);
    expect(await refused(['0.0.0.0/0', '::/0'])).toMatchObject({ refused: 0, refusedAddresses: 0, addresses: [] });
    expect(await refused([])).toMatchObject({ refused: 8, refusedAddresses: 6 });
  });

  it('can be only of what another list allowed, and of what logged in since', async () => {
    await store([
      record('198.51.100.1'),
      record('198.51.100.2', { hour: hourOf('2026-11-02T09:00:00.000Z') }),
      record('198.51.100.3', { hour: hourOf('2026-11-02T10:00:00.000Z') }),
      record('2001:db8::1', { hour: hourOf('2026-11-02T10:00:00.000Z') }),
    ]);
    const only = { lastSeenAfter: new Date('2026-11-02T08:00:00.000Z'), allowedBefore: ['198.51.100.0/24'] };
    const judged = await inTenant(reader, 'acme', (manager) =>
      refusedSources(manager, smtpUserId, DAY_AGO, ['198.51.100.3'], 10, only),
    );
    expect(judged).toMatchObject({ refused: 1, refusedAddresses: 1, addresses: [{ ip: '198.51.100.2' }] });
  });

  it('is counted by day', async () => {
    await store([
      record('198.51.100.1', { count: 4 }),
      record('2001:db8::1', { count: 2 }),
      record('198.51.100.1', { count: 3, hour: hourOf('2026-11-04T08:00:00.000Z') }),
    ]);
    const byDay = (allowed: readonly string[], tenantId = 'acme') =>
      inTenant(reader, tenantId, (manager) => loginsByDay(manager, smtpUserId, DAY_AGO, allowed));
    expect(await byDay(['198.51.100.0/24'])).toEqual([
      { day: '2026-11-02', allowed: 4, refused: 2 },
      { day: '2026-11-04', allowed: 3, refused: 0 },
    ]);
    expect(await byDay([])).toEqual([
      { day: '2026-11-02', allowed: 0, refused: 6 },
      { day: '2026-11-04', allowed: 0, refused: 3 },
    ]);
    expect(await byDay([], 'globex')).toEqual([]);
  });

  it('is nothing of another tenant', async () => {
    await store([record('198.51.100.1')]);
    const nothing = { logins: 0, refused: 0, refusedAddresses: 0, addresses: [] };
    expect(await refused([], 10, 'globex')).toEqual(nothing);
  });
});

describe('what is not known', () => {
  it('is since when relays report, and which of those with contact do not', async () => {
    await sql('DELETE FROM logins.reporters');
    expect(await known()).toEqual({ since: null, silentRelays: [], notKept: 0 });
    const begun = Date.now();
    await store([], newId(), 'mx1');
    const contact = (name: string, hours: number) =>
      sql(`INSERT INTO access.relays (key_id, name, last_contact_at)
           VALUES ('${KEY}', '${name}', clock_timestamp() + ${hours} * interval '1 hour')`);
    await contact('mx1', 1);
    await contact('mx2', 0);
    const { since, silentRelays } = await known();
    expect(silentRelays).toEqual(['mx2']);
    expect(Date.parse(since ?? '')).toBeGreaterThanOrEqual(begun);
    expect(Date.parse(since ?? '')).toBeLessThanOrEqual(Date.now());
    // An empty batch says that there was nothing.
    await store([], newId(), 'mx2');
    expect((await known()).silentRelays).toEqual([]);
    // Contact, and no report since long before it.
    await sql(`UPDATE access.relays SET last_contact_at = clock_timestamp() + interval '3 hours' WHERE name = 'mx1'`);
    expect((await known()).silentRelays).toEqual(['mx1']);
  });
});
