import { insertBackdated, UserStory } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { smtpUserStream, type EntryId, type TenantId } from '@postern/contracts';
import { CHANGES_PER_STATE } from '../changes/record/record-changes.js';
import { AuditWorld } from '../testing/audit-world.js';

let world: AuditWorld;
let admin: string;

/** Registered in March, restricted in April until the end of June, wider in August, cleared in October, removed in November 2025. */
const story = new UserStory()
  .registered('app@acme.example')
  .restricted('203.0.113.9', '2025-07-01T00:00:00.000Z')
  .restricted('198.51.100.0/24')
  .cleared()
  .removed();
const DATES = ['03', '04', '08', '10', '11'].map((month) => `2025-${month}-15T12:00:00.000Z`);
const app = new UserStory()
  .registered('App@acme.example')
  .restricted('203.0.113.0/24')
  .restricted('198.51.100.7', '2020-01-01T00:00:00.000Z');
const reports = new UserStory().registered('reports@acme.example').restricted('203.0.113.1').mode('report-only');
const trial = new UserStory()
  .registered('trial@acme.example')
  .restricted('203.0.113.1')
  .mode('report-only', '2025-06-01T00:00:00.000Z');
const open = new UserStory().registered('open@acme.example');
const gone = new UserStory().registered('gone@acme.example').removed();
const theirs = new UserStory('other' as TenantId).registered('app@other.example');

beforeAll(async () => {
  world = await AuditWorld.create();
  admin = await world.key('admin', 'acme');
  await insertBackdated(
    world.databaseUrl,
    story.history.map((happened, i) => ({ at: DATES[i] ?? '', happened })),
  );
  for (const each of [theirs, app, reports, trial, open, gone])
    await insertBackdated(
      world.databaseUrl,
      each.history.map((happened) => ({ at: DATES[0] ?? '', happened })),
    );
  await world.caughtUp();
});
afterAll(() => world.end());

async function ask(smtpUserId: string, query: string, headers: Record<string, string> = {}) {
  const url = `/v1/tenants/acme/smtp-users/${smtpUserId}/restriction/check${query}`;
  const answer = await world.app.inject({ url, headers: { authorization: `Bearer ${admin}`, ...headers } });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const check = (at: string, ip = '203.0.113.9', smtpUserId: string = story.smtpUserId) =>
  ask(smtpUserId, `?ip=${ip}&at=${encodeURIComponent(at)}`);

describe('a check that looks back', () => {
  it.each([
    ['before the restriction', '2025-04-15T11:59:59.999Z', 'allow', 'unrestricted', 1, 0],
    ['from the very millisecond of the restriction', '2025-04-15T12:00:00.000Z', 'allow', 'entry-matched', 2, 1],
    ['until the entry expired', '2025-06-30T23:59:59.999Z', 'allow', 'entry-matched', 2, 1],
    ['once the only entry had expired', '2025-07-01T00:00:00.000Z', 'deny', 'no-live-entry', 2, 0],
    ['with another list', '2025-08-15T12:00:00.000Z', 'deny', 'ip-not-authorized', 3, 1],
    ['after it was cleared', '2025-11-01T00:00:00.000Z', 'allow', 'unrestricted', 4, 0],
  ])('decides as it was decided %s', async (_, at, decision, reason, version, liveEntries) => {
    const entry = {
      id: story.entryIds[0],
      range: '203.0.113.9',
      typed: '203.0.113.9',
      note: null,
      addedBy: 'test',
      addedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2025-07-01T00:00:00.000Z',
    };
    const { status, body } = await check(at);
    expect([status, body]).toEqual([
      200,
      {
        ip: '203.0.113.9',
        at,
        decision,
        reason,
        mode: 'enforce',
        version,
        matched: reason === 'entry-matched' ? { ...entry, live: true } : null,
        nearest: decision === 'deny' ? { ...entry, live: false } : null,
        liveEntries,
      },
    ]);
  });

  it.each([
    ['before the end of report-only', '2025-05-31T23:59:59.999Z', 'allow', 'report-only'],
    ['from the very millisecond of its end', '2025-06-01T00:00:00.000Z', 'deny', 'enforce'],
  ])('has the mode in force %s', async (_, at, decision, mode) => {
    const { body } = await check(at, '203.0.113.9', trial.smtpUserId);
    expect(body).toMatchObject({ decision, reason: 'ip-not-authorized', mode, version: 3 });
  });

  it('accepts any offset, and answers in UTC', async () => {
    expect(await check('2025-04-15T14:00:00+02:00')).toMatchObject({
      body: { at: '2025-04-15T12:00:00.000Z', version: 2 },
    });
  });

  it.each([
    ['was not there yet', '2025-03-15T11:59:59.999Z', 'registered at 2025-03-15T12:00:00.000Z'],
    ['was not there any more', '2025-12-01T00:00:00.000Z', 'removed at 2025-11-15T12:00:00.000Z'],
  ])('says that the SMTP user %s, and since when', async (_, at, why) => {
    const { status, body } = await check(at);
    expect([status, body]).toMatchObject([404, { code: 'smtp-user-not-found', detail: expect.stringContaining(why) }]);
  });

  it('finds nothing of another tenant, and reveals no date of it', async () => {
    for (const at of [DATES[0], DATES[4]]) {
      const { status, body } = await check(at ?? '', '203.0.113.9', theirs.smtpUserId);
      expect([status, body['detail']]).toEqual([404, 'There is no SMTP user with this id in this tenant.']);
    }
  });

  it.each([
    ['a time that is yet to come', '2999-01-01T00:00:00Z', 'is after now'],
    ['what is no time', 'yesterday', 'Give a time as in RFC 3339'],
    ['a day without a time', '2025-04-15', 'Give a time as in RFC 3339'],
  ])('refuses %s', async (_, at, why) => {
    const { status, body } = await check(at);
    expect([status, body]).toMatchObject([
      422,
      { code: 'validation-failed', errors: [{ pointer: '?at', detail: expect.stringContaining(why) }] },
    ]);
  });

  it('reads a history of any length from a state and the few changes after it', async () => {
    const long = new UserStory().registered('long@acme.example').restricted('192.0.2.1');
    const changes = 5 * CHANGES_PER_STATE;
    for (let i = 2; i < changes; i++) long.mode(i % 2 === 0 ? 'report-only' : 'enforce');
    long.restricted('203.0.113.9');
    const first = Date.parse('2025-01-01T00:00:00.000Z');
    const at = (version: number) => new Date(first + version * 60_000).toISOString();
    await insertBackdated(
      world.databaseUrl,
      long.history.map((happened, i) => ({ at: at(i + 1), happened })),
    );
    await world.caughtUp();
    for (let version = 2; version <= changes; version++) {
      const { body } = await check(at(version), '203.0.113.9', long.smtpUserId);
      const mode = version % 2 === 0 || version === 2 ? 'enforce' : 'report-only';
      expect([version, body['version'], body['reason'], body['mode']]).toEqual([
        version,
        version,
        'ip-not-authorized',
        mode,
      ]);
    }
    expect((await check(at(changes + 1), '203.0.113.9', long.smtpUserId)).body).toMatchObject({
      version: changes + 1,
      reason: 'entry-matched',
    });
  });
});

describe('the check of an address', () => {
  it('names the entry that lets it in', async () => {
    const { body } = await ask(app.smtpUserId, '?ip=203.0.113.9');
    expect(body).toEqual({
      ip: '203.0.113.9',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      decision: 'allow',
      reason: 'entry-matched',
      mode: 'enforce',
      matched: expect.objectContaining({ id: app.entryIds[0] as EntryId, range: '203.0.113.0/24', live: true }),
      nearest: null,
      liveEntries: 1,
      version: 3,
    });
  });

  it('enforces the list once report-only has ended, though no event said so', async () => {
    const { body } = await ask(trial.smtpUserId, '?ip=203.0.113.9');
    expect(body).toMatchObject({ decision: 'deny', reason: 'ip-not-authorized', mode: 'enforce', version: 3 });
  });

  it('names the nearest entry where none lets it in', async () => {
    expect((await ask(app.smtpUserId, '?ip=203.0.114.9')).body).toMatchObject({
      matched: null,
      nearest: { range: '203.0.113.0/24', live: true },
    });
    expect((await ask(app.smtpUserId, '?ip=2001:db8::1')).body).toMatchObject({ matched: null, nearest: null });
  });

  it.each([
    ['an expired entry does not let it in', app, '198.51.100.7', 'deny', 'ip-not-authorized'],
    ['report-only lets a mismatch through, and says so', reports, '198.51.100.7', 'allow', 'ip-not-authorized'],
    ['without a restriction anything goes', open, '2001:db8::1', 'allow', 'unrestricted'],
    ['a mapped address is the IPv4 address that it is', app, '::ffff:203.0.113.9', 'allow', 'entry-matched'],
  ])('%s', async (_, user, ip, decision, reason) => {
    const { body } = await ask(user.smtpUserId, `?ip=${encodeURIComponent(ip)}`);
    expect(body).toMatchObject({ decision, reason });
  });

  it.each(['203.0.113', '010.0.0.1', '', 'localhost', '203.0.113.0/24', 'fe80::1%eth0'])('refuses %j', async (ip) => {
    expect(await ask(app.smtpUserId, `?ip=${encodeURIComponent(ip)}`)).toMatchObject({
      status: 422,
      body: {
        code: 'validation-failed',
        errors: [{ pointer: '?ip', code: 'source-ip-invalid', suggestions: expect.any(Array) }],
      },
    });
  });

  it('refuses a question without an address', async () => {
    expect(await ask(app.smtpUserId, '')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '?ip', code: 'field-missing' }] },
    });
  });

  it.each([
    ['a removed one', gone.smtpUserId],
    ['one of another tenant', theirs.smtpUserId],
    ['an id that is no UUID', 'nobody'],
  ])('finds no SMTP user for %s', async (_, smtpUserId) => {
    const { status, body } = await ask(smtpUserId, '?ip=203.0.113.1');
    expect([status, body['code']]).toEqual([404, 'smtp-user-not-found']);
  });

  it('waits for the version of a write, and says so where it does not come', async () => {
    const late = await ask(app.smtpUserId, '?ip=203.0.113.9', { 'postern-min-version': '99' });
    expect([late.status, late.body['code']]).toEqual([503, 'read-side-behind']);
    const pending = ask(app.smtpUserId, '?ip=203.0.113.9', { 'postern-min-version': '4' });
    const { tenantId, smtpUserId } = app;
    await world.append(
      { tenantId, smtpUserId, stream: smtpUserStream(smtpUserId) },
      { type: 'RestrictionCleared', data: {} },
    );
    expect(await pending).toMatchObject({ status: 200, body: { version: 4, reason: 'unrestricted' } });
  });
});
