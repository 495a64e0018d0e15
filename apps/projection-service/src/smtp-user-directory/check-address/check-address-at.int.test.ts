import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { inTenant, openDataSource } from '@postern/database';
import { insertBackdated } from '../../testing/backdated.js';
import { createWorld, type RunningApp, type World } from '../../testing/projection-app.js';
import { UserStory } from '../../testing/smtp-user-histories.js';

let world: World;
let service: RunningApp;
let admin: string;

/** Registered in March, restricted in April until the end of June, wider in August, cleared in October, removed in November 2025. */
const story = new UserStory()
  .registered('app@acme.example')
  .restricted('203.0.113.9', '2025-07-01T00:00:00.000Z')
  .restricted('198.51.100.0/24')
  .cleared()
  .removed();
const DATES = ['03', '04', '08', '10', '11'].map((month) => `2025-${month}-15T12:00:00.000Z`);
const theirs = new UserStory('other' as TenantId).registered('app@other.example');

beforeAll(async () => {
  world = await createWorld();
  for (const tenant of ['acme', 'other']) await world.newTenant(tenant);
  admin = await world.newKey('admin', 'acme');
  await insertBackdated(
    world.database.url,
    story.history.map((happened, i) => ({ at: DATES[i] ?? '', happened })),
  );
  await insertBackdated(
    world.database.url,
    theirs.history.map((happened) => ({ at: DATES[0] ?? '', happened })),
  );
  service = await world.start();
});
afterAll(() => world.end());

async function check(at: string, ip = '203.0.113.9', smtpUserId: string = story.smtpUserId) {
  const url = `/v1/tenants/acme/smtp-users/${smtpUserId}/restriction/check?ip=${ip}&at=${encodeURIComponent(at)}`;
  const answer = await service.app.inject({ url, headers: { authorization: `Bearer ${admin}` } });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

describe('a check that looks back', () => {
  it.each([
    ['before the restriction', '2025-04-15T11:59:59.999Z', 'allow', 'unrestricted', 1],
    ['from the very millisecond of the restriction', '2025-04-15T12:00:00.000Z', 'allow', 'entry-matched', 2],
    ['until the entry expired', '2025-06-30T23:59:59.999Z', 'allow', 'entry-matched', 2],
    ['once the only entry had expired', '2025-07-01T00:00:00.000Z', 'deny', 'no-live-entry', 2],
    ['with another list', '2025-08-15T12:00:00.000Z', 'deny', 'ip-not-authorized', 3],
    ['after it was cleared', '2025-11-01T00:00:00.000Z', 'allow', 'unrestricted', 4],
  ])('decides as it was decided %s', async (_, at, decision, reason, version) => {
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
        matched:
          reason === 'entry-matched'
            ? {
                id: story.entryIds[0],
                range: '203.0.113.9',
                typed: '203.0.113.9',
                note: null,
                addedBy: 'test',
                addedAt: '2026-01-01T00:00:00.000Z',
                expiresAt: '2025-07-01T00:00:00.000Z',
                live: true,
              }
            : null,
      },
    ]);
  });

  it('takes any offset, and answers in UTC', async () => {
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

  it('finds nothing of another tenant, and tells no date of it', async () => {
    for (const at of [DATES[0], DATES[4]]) {
      const { status, body } = await check(at ?? '', '203.0.113.9', theirs.smtpUserId);
      expect([status, body['detail']]).toEqual([404, 'There is no SMTP user with this id in this tenant.']);
    }
  });

  it.each([
    ['a time that is yet to come', '2999-01-01T00:00:00Z', 'is after now'],
    ['what is no time', 'yesterday', 'is no RFC 3339 time'],
    ['a day without a time', '2025-04-15', 'is no RFC 3339 time'],
  ])('refuses %s', async (_, at, why) => {
    const { status, body } = await check(at);
    expect([status, body]).toMatchObject([
      422,
      { code: 'validation-failed', errors: [{ pointer: '?at', detail: expect.stringContaining(why) }] },
    ]);
  });

  it('its role sees the SMTP users’ streams of one tenant, and neither keys nor denials', async () => {
    const reader = await openDataSource(world.database.url, 'postern_directory_reader', { poolSize: 1 });
    const all = 'SELECT DISTINCT stream_id FROM journal.events';
    expect(await reader.query(all)).toEqual([]);
    expect(await inTenant(reader, 'acme', (m) => m.query(all))).toEqual([
      { stream_id: `smtp-user/${story.smtpUserId}` },
    ]);
    await reader.destroy();
  });

  it('folds a history of any length, a page at a time: the last events of it count as the first ones do', async () => {
    const long = new UserStory().registered('long@acme.example').restricted('192.0.2.1');
    for (let i = 0; i < 1_050; i++) long.mode(i % 2 === 0 ? 'report-only' : 'enforce');
    long.restricted('203.0.113.9');
    const first = Date.parse('2025-01-01T00:00:00.000Z');
    const at = (i: number) => new Date(first + i * 60_000).toISOString();
    await insertBackdated(
      world.database.url,
      long.history.map((happened, i) => ({ at: at(i), happened })),
    );
    const told = async (i: number) => {
      const { body } = await check(at(i), '203.0.113.9', long.smtpUserId);
      return [body['version'], body['reason'], body['mode']];
    };
    expect(await told(998)).toEqual([999, 'ip-not-authorized', 'report-only']);
    expect(await told(999)).toEqual([1_000, 'ip-not-authorized', 'enforce']);
    expect(await told(1_000)).toEqual([1_001, 'ip-not-authorized', 'report-only']);
    expect(await told(1_052)).toEqual([1_053, 'entry-matched', 'enforce']);
  });
});
