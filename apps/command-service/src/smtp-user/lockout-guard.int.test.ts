import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { newId, smtpUserStream, type ApiKeyId, type SmtpUserId, type TenantId } from '@postern/contracts';
import { Journal, lockStream } from '@postern/event-store';
import { storeLogins } from '@postern/observed-logins';
import { decide } from '@postern/restrictions';
import { METADATA, openClient, until, type TestDatabase } from '@postern/testing';
import { ALL_BUT_THE_CLOCK } from '../../testing/all-but-the-clock.js';
import { problem } from '../../testing/problem.js';
import { commandDatabase, listOf, StartedService, type Answer } from '../../testing/started-service.js';
import { SmtpUserStates } from './smtp-user-states.js';

const OFFICE = '203.0.113.7';
const HOME = '198.51.100.7';
const DATACENTRE = '2001:db8::7';
const HOUR_MS = 3_600_000;

let database: TestDatabase;
let service: StartedService;
let acme: string;
let users = 0;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const GUARD = { 'postern-guard': 'lockout' };
const accepting = (digest: unknown) => ({ 'postern-guard': `lockout; accept="${String(digest)}"` });
const idOf = (user: string) => user.split('/').at(-1) as SmtpUserId;

/** An SMTP user that has logged in once from each of the addresses. */
async function userSeenAt(...ips: readonly string[]): Promise<string> {
  const user = await service.smtpUser(acme, 'acme', `user-${users++}@acme.example`);
  for (const ip of ips) await seen(user, ip);
  return user;
}

/** Stores logins as a relay's report of them is stored. Returns the hour. */
async function seen(user: string, ip: string, { hoursAgo = 1, count = 1 } = {}): Promise<string> {
  const hour = Math.floor(Date.now() / HOUR_MS - hoursAgo);
  await storeLogins(service.dataSource('postern_logins_writer'), {
    keyId: newId<ApiKeyId>(),
    batchId: newId(),
    relay: 'mx1',
    records: [{ smtpUserId: idOf(user), tenantId: 'acme' as TenantId, ip, hour, count, entryId: null, relay: 'mx1' }],
  });
  return new Date(hour * HOUR_MS).toISOString();
}

const call = (method: 'POST' | 'PUT' | 'DELETE', url: string, body: unknown, headers = {}) =>
  service.call(method, url, { key: acme, body, headers });
const entriesOf = (ranges: readonly string[]) => ranges.map((range) => ({ range }));
const add = (user: string, ranges: readonly string[], headers = {}) =>
  call('POST', `${user}/restriction/entries`, { entries: entriesOf(ranges) }, headers);
const put = (user: string, ranges: readonly string[], headers = {}, mode?: string) =>
  call('PUT', `${user}/restriction`, { entries: entriesOf(ranges), mode }, { 'if-match': '*', ...headers });
const setMode = (user: string, mode: string, headers = {}) =>
  call('PUT', `${user}/restriction/mode`, { mode }, headers);
const remove = (user: string, entryId: unknown, headers = {}) =>
  call('DELETE', `${user}/restriction/entries/${String(entryId)}`, undefined, headers);
const entryIds = ({ body }: Answer) => listOf(body['entries']).map(({ id }) => id);
const version = async (user: string) => (await service.events(smtpUserStream(idOf(user)))).length;

/** As the contract has it: of the sorted addresses, a line each. */
const digestOf = (...ips: string[]) => createHash('sha256').update(ips.sort().join('\n')).digest('hex').slice(0, 16);
const risk = (addresses: readonly object[], accept: string) =>
  problem(409, 'lockout-risk', accept, [], { addresses, refusedAddresses: addresses.length, accept });
const expectRefused = (answer: Answer, ...ips: string[]) =>
  expect(answer.body).toMatchObject({ code: 'lockout-risk', accept: digestOf(...ips) });

describe('a change with Postern-Guard: lockout', () => {
  it('that would refuse addresses which logged in names them, newest first, and changes nothing', async () => {
    const user = await userSeenAt();
    const home = await seen(user, HOME, { hoursAgo: 30, count: 4 });
    const datacentre = await seen(user, DATACENTRE, { hoursAgo: 2 });
    await seen(user, OFFICE);
    const { status, body } = await add(user, [OFFICE], GUARD);
    expect({ status, body }).toEqual({
      status: 409,
      body: risk(
        [
          { ip: DATACENTRE, logins: 1, lastSeenAt: datacentre },
          { ip: HOME, logins: 4, lastSeenAt: home },
        ],
        digestOf(HOME, DATACENTRE),
      ),
    });
    expect(await version(user)).toBe(1);
  });

  it('goes through where it refuses nobody who logged in', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    expect((await add(user, [OFFICE, HOME], GUARD)).status).toBe(201);
    expect((await put(user, ['203.0.113.0/24', '198.51.100.0/24'], GUARD)).status).toBe(200);
  });

  it('goes through for a user without any observed login, and for one that others logged in next to', async () => {
    await userSeenAt(HOME);
    expect((await add(await userSeenAt(), [OFFICE], GUARD)).status).toBe(201);
  });

  it('looks at the last seven days', async () => {
    const user = await userSeenAt();
    await seen(user, HOME, { hoursAgo: 7 * 24 + 1 });
    expect((await add(user, [OFFICE], GUARD)).status).toBe(201);
    await seen(user, DATACENTRE, { hoursAgo: 7 * 24 - 1 });
    await service.call('DELETE', `${user}/restriction`, { key: acme });
    expectRefused(await add(user, [OFFICE], GUARD), DATACENTRE);
  });

  it('is stopped where it replaces the list, removes an entry, or begins to enforce', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    const [, home] = entryIds(await add(user, [OFFICE, HOME]));
    expectRefused(await put(user, [OFFICE], GUARD), HOME);
    expectRefused(await remove(user, home, GUARD), HOME);
    expect((await put(user, [OFFICE], GUARD, 'report-only')).status).toBe(200);
    expectRefused(await setMode(user, 'enforce', GUARD), HOME);
    expectRefused(await put(user, [OFFICE], GUARD, 'enforce'), HOME);
    expect(await version(user)).toBe(4);
  });

  it('may do anything in report-only, which refuses nobody', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    expect((await put(user, [DATACENTRE], GUARD, 'report-only')).status).toBe(200);
    expect((await add(user, ['192.0.2.1'], GUARD)).status).toBe(201);
    expect((await setMode(user, 'report-only', GUARD)).status).toBe(200);
  });

  it('may be given a time from which it enforces: nobody is refused before', async () => {
    const user = await userSeenAt(HOME);
    await put(user, [OFFICE], {}, 'report-only');
    const inAnHour = Date.now() + HOUR_MS;
    const body = { mode: 'report-only', enforceAt: new Date(inAnHour).toISOString() };
    expect((await call('PUT', `${user}/restriction/mode`, body, GUARD)).status).toBe(200);
    jest.useFakeTimers({ now: inAnHour, doNotFake: ALL_BUT_THE_CLOCK });
    try {
      expect((await add(user, [DATACENTRE], GUARD)).status).toBe(201);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is not stopped for addresses that are refused already: not listed, or by an entry that has expired', async () => {
    const user = await userSeenAt(OFFICE, HOME, DATACENTRE);
    const inAnHour = Date.now() + HOUR_MS;
    const expiresAt = new Date(inAnHour).toISOString();
    const entries = [{ range: OFFICE }, { range: HOME, expiresAt }];
    await call('POST', `${user}/restriction/entries`, { entries });
    expectRefused(await put(user, ['203.0.113.0/24'], GUARD), HOME);
    jest.useFakeTimers({ now: inAnHour, doNotFake: ALL_BUT_THE_CLOCK });
    try {
      expect((await put(user, ['203.0.113.0/24'], GUARD)).status).toBe(200);
    } finally {
      jest.useRealTimers();
    }
  });

  it('clears a restriction, which refuses nobody', async () => {
    const user = await userSeenAt(OFFICE);
    await add(user, [HOME]);
    expect((await call('DELETE', `${user}/restriction`, undefined, GUARD)).status).toBe(200);
  });

  it('names the newest hundred addresses, counts all, and its digest is of all', async () => {
    const user = await userSeenAt();
    const ips = Array.from({ length: 130 }, (_, i) => `198.51.100.${i}`);
    for (const ip of ips) await seen(user, ip, { hoursAgo: ip.endsWith('.7') ? 1 : 5 });
    const { body } = await add(user, [OFFICE], GUARD);
    expect(body).toMatchObject({ refusedAddresses: 130, accept: digestOf(...ips) });
    expect(listOf(body['addresses'])).toHaveLength(100);
    expect(listOf(body['addresses'])[0]).toMatchObject({ ip: '198.51.100.7' });
    expect((await add(user, [OFFICE], accepting(body['accept']))).status).toBe(201);
  });

  it.each(['', 'lock-out', 'lockout;', 'lockout, lockout', 'lockout; accept=1', 'lockout; accept="1"; force'])(
    'that is written as %j is refused: it is not carried out unguarded',
    async (header) => {
      const user = await userSeenAt(HOME);
      const { status, body } = await add(user, [OFFICE], { 'postern-guard': header });
      expect({ status, body }).toEqual({
        status: 400,
        body: problem(400, 'request-malformed', 'Postern-Guard must be'),
      });
      expect(await version(user)).toBe(1);
    },
  );

  it('is not carried out where the logins cannot be read in time', async () => {
    const user = await userSeenAt();
    const owner = await openClient(database.url);
    try {
      await owner.query('BEGIN; LOCK TABLE logins.sources IN ACCESS EXCLUSIVE MODE');
      const { status, headers, body } = await add(user, [OFFICE], GUARD);
      expect({ status, retry: headers['retry-after'], body }).toEqual({
        status: 503,
        retry: '1',
        body: problem(503, 'not-ready', 'Nothing was changed. Send it again shortly.'),
      });
      expect((await add(user, [OFFICE])).status).toBe(201);
      expect((await setMode(user, 'report-only', GUARD)).status).toBe(200);
      expect((await call('DELETE', `${user}/restriction`, undefined, GUARD)).status).toBe(200);
    } finally {
      await owner.end();
    }
    expect((await add(user, [OFFICE], GUARD)).status).toBe(201);
  });
});

describe('a change that accepts who is refused', () => {
  it('goes through with the digest of just these addresses', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    const { body } = await add(user, [OFFICE], GUARD);
    expectRefused(await add(user, [OFFICE], accepting('0123456789abcdef')), HOME);
    expectRefused(await add(user, [OFFICE], accepting('')), HOME);
    expectRefused(await add(user, [DATACENTRE], accepting(body['accept'])), HOME, OFFICE);
    expect((await add(user, [OFFICE], accepting(body['accept']))).status).toBe(201);
  });

  it('is stopped again where another address has logged in meanwhile, not where one of them did so again', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    const { body } = await add(user, [OFFICE], GUARD);
    await seen(user, DATACENTRE);
    const again = await add(user, [OFFICE], accepting(body['accept']));
    expectRefused(again, HOME, DATACENTRE);
    await seen(user, DATACENTRE, { count: 3 });
    expect((await add(user, [OFFICE], accepting(again.body['accept']))).status).toBe(201);
  });

  it('has one Idempotency-Key with the change that was stopped, and with its repeats', async () => {
    const user = await userSeenAt(OFFICE, HOME);
    const key = { 'idempotency-key': newId() };
    const stopped = await add(user, [OFFICE], { ...GUARD, ...key });
    expectRefused(stopped, HOME);
    const accepted = await add(user, [OFFICE], { ...accepting(stopped.body['accept']), ...key });
    expect([accepted.status, accepted.headers['idempotency-replayed']]).toEqual([201, undefined]);
    const repeats = [
      await add(user, [OFFICE], { ...accepting(stopped.body['accept']), ...key }),
      await add(user, [OFFICE], { ...GUARD, ...key }),
    ];
    for (const { status, headers, body } of repeats)
      expect([status, headers['idempotency-replayed'], body]).toEqual([201, 'true', accepted.body]);
    expect(await version(user)).toBe(2);
  });
});

describe('two who change one restriction', () => {
  /** Both ranges let the address in: either may go, not both. */
  const coveredTwice = async () => {
    const user = await userSeenAt(HOME);
    const [wide, narrow] = entryIds(await add(user, ['198.51.100.0/24', HOME, OFFICE]));
    return { user, wide, narrow };
  };

  it('are each judged by what the other saved before', async () => {
    const { user, wide, narrow } = await coveredTwice();
    expect((await remove(user, wide, GUARD)).status).toBe(200);
    expectRefused(await remove(user, narrow, GUARD), HOME);
    expect((await put(user, [OFFICE], { ...GUARD, 'if-match': '"2"' })).status).toBe(412);
  });

  it.each([
    ['alone', {}],
    ['with an Idempotency-Key', { 'idempotency-key': newId() }],
  ])('are judged again where the other saves between the judging and the saving, %s', async (_, headers) => {
    const { user, wide, narrow } = await coveredTwice();
    const stream = smtpUserStream(idOf(user));
    const ref = { tenantId: 'acme' as TenantId, smtpUserId: idOf(user) };
    const state = await service.app.get(SmtpUserStates, { strict: false }).current(ref);
    const events = decide({ type: 'RemoveEntry', entryId: wide as never }, state, {
      now: new Date(),
      actorName: 'other',
      newId,
    });
    const removing = await service.dataSource('postern_journal_writer').transaction(async (manager) => {
      await lockStream(manager, stream);
      const removing = remove(user, narrow, { ...GUARD, ...headers });
      await until(
        () =>
          service.sql(
            "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database AND datname = current_database() WHERE locktype = 'advisory' AND NOT granted",
          ),
        'the change that was judged waits for the stream',
        ({ length }) => length > 0,
      );
      const journal = service.app.get(Journal, { strict: false });
      await journal.appendWithin(manager, {
        ...ref,
        streamId: stream,
        expectedVersion: state.version,
        events,
        metadata: METADATA,
      });
      return { answer: removing };
    });
    expectRefused(await removing.answer, HOME);
    expect(await version(user)).toBe(3);
  });

  it('by If-Match get 412, before anybody asks whom the change locks out', async () => {
    const { user, narrow } = await coveredTwice();
    await add(user, ['192.0.2.1']);
    expect((await remove(user, narrow, { ...GUARD, 'if-match': '"2"' })).body).toEqual(
      problem(412, 'version-mismatch', 'The present version is 3.', [], { version: 3 }),
    );
  });
});
