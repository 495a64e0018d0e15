import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
let acme: string;
let relay: string;
let user: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
  relay = await service.key({ role: 'relay', name: 'mx1 key' });
  user = await service.smtpUser(acme, 'acme', 'app@acme.example');
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const denial = (change: object = {}) => ({
  id: newId(),
  username: 'App@acme.example',
  ip: '198.51.100.7',
  occurredAt: new Date().toISOString(),
  relay: 'mx1.example',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  count: 1,
  ...change,
});
const report = (denials: unknown, key = relay) =>
  service.call('POST', '/v1/relay/auth-denials', { key, body: { denials } });
/** The same instant with another offset, and more digits than are kept. */
const inParis = (time: Date) => new Date(time.getTime() + 3_600_000).toISOString().replace('Z', '4+01:00');
const idOf = (user: string) => user.split('/').at(-1);
/** A time that is later than all that was done before, and earlier than all that is done after it. */
const instant = async () => {
  const tick = () => new Promise((done) => setTimeout(done, 3));
  await tick();
  const time = new Date().toISOString();
  await tick();
  return time;
};
const stored = async (of = user) => (await service.events(`auth-denials/${idOf(of)}`)).map(({ data }) => data);

describe('reporting denials', () => {
  it('keeps each in the stream of its user, with the relay’s key as the actor', async () => {
    const other = await service.tenant('other');
    const otherUser = await service.smtpUser(other, 'other', 'one@other.example');
    const now = new Date();
    const [first, second] = [
      denial({ occurredAt: inParis(now), ip: '2001:DB8:0::1', count: 7 }),
      denial({ username: 'one@other.example', mode: 'report-only', reason: 'no-live-entry' }),
    ];
    const { status, body } = await report([first, second]);
    expect({ status, body }).toEqual({ status: 200, body: { accepted: 2, duplicates: 0, rejected: [] } });
    expect(await service.events(`auth-denials/${idOf(user)}`)).toEqual([
      {
        version: 1,
        type: 'AuthDenied',
        tenant_id: 'acme',
        data: {
          denialId: first?.id,
          smtpUserId: idOf(user),
          username: 'App@acme.example',
          ip: '2001:db8::1',
          occurredAt: now.toISOString(),
          relay: 'mx1.example',
          reason: 'ip-not-authorized',
          mode: 'enforce',
          refused: true,
          count: 7,
        },
        metadata: expect.objectContaining({ actor: { role: 'relay', keyId: relay.split('_')[2], name: 'mx1 key' } }),
      },
    ]);
    expect(await service.events(`auth-denials/${idOf(otherUser)}`)).toMatchObject([
      { tenant_id: 'other', data: { denialId: second?.id, refused: false, reason: 'no-live-entry' } },
    ]);
  });

  it('counts what it has already, by other requests, at once, or twice in one batch', async () => {
    const [a, b, c] = [denial(), denial(), denial()];
    expect((await report([a, b, a])).body).toEqual({ accepted: 2, duplicates: 1, rejected: [] });
    expect((await report([a, b, c])).body).toEqual({ accepted: 1, duplicates: 2, rejected: [] });
    const d = denial();
    const answers = await Promise.all(Array.from({ length: 5 }, () => report([d])));
    expect(answers.map(({ body }) => Number(body['accepted'])).sort()).toEqual([0, 0, 0, 0, 1]);
    const ids = (await stored()).map((data) => data['denialId'] as unknown as string);
    expect(ids.filter((id) => [a.id, b.id, c.id, d.id].includes(id)).sort()).toEqual([a.id, b.id, c.id, d.id].sort());
  });

  it('rejects wrong items one by one, and accepts the rest', async () => {
    const good = denial();
    const bad: [unknown, string, string][] = [
      [denial({ id: 'x' }), 'validation-failed', '/id is a UUID in lower case.'],
      [denial({ username: 'a b' }), 'username-invalid', '/username is 1 to 254'],
      [denial({ username: 'nobody@acme.example' }), 'smtp-user-not-found', 'No SMTP user had'],
      [denial({ ip: '010.0.0.1' }), 'source-ip-invalid', '/ip cannot be read'],
      [denial({ occurredAt: '2026-02-30T00:00:00Z' }), 'validation-failed', '/occurredAt is a time'],
      [denial({ relay: '' }), 'validation-failed', '/relay is a text'],
      [denial({ relay: 'x'.repeat(254) }), 'validation-failed', '/relay is a text'],
      [denial({ relay: 'nul\u0000' }), 'validation-failed', '/relay is a text'],
      [denial({ reason: 'entry-matched' }), 'validation-failed', '/reason is one of'],
      [denial({ mode: 'off' }), 'validation-failed', '/mode is one of'],
      [denial({ count: 0 }), 'validation-failed', '/count is a whole number'],
      [denial({ count: 1.5 }), 'validation-failed', '/count is a whole number'],
      [denial({ count: undefined }), 'field-missing', '/count is missing'],
      [denial({ extra: 1 }), 'field-unknown', '/extra is not a field'],
    ];
    const { status, body } = await report([...bad.map(([item]) => item), good, null, []]);
    expect(status).toBe(200);
    expect(body).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: expect.arrayContaining([
        ...bad.map(([item, code, detail]) => ({
          id: (item as { id: string }).id,
          code,
          detail: expect.stringContaining(detail),
        })),
        { id: null, code: 'validation-failed', detail: '/denials/15 is not an object.' },
        { id: null, code: 'validation-failed', detail: '/denials/16 is not an object.' },
      ]),
    });
    expect(body['rejected']).toHaveLength(16);
    expect((await stored()).filter((data) => (data['denialId'] as unknown) === good.id)).toHaveLength(1);
  });

  it('keeps what a relay saw instead of an address, made fit to be stored', async () => {
    const odd = denial({ ip: 'nul\u0000 \ud800 ÿ', reason: 'source-ip-invalid', mode: 'report-only' });
    expect((await report([odd])).body).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect((await stored()).at(-1)).toMatchObject({ ip: 'nul\uFFFD \uFFFD ÿ', refused: true });
  });

  it('assigns a late denial to the tenant that owned the username when it occurred', async () => {
    const other = await service.tenant('moved-to');
    const before = await instant();
    const first = await service.smtpUser(acme, 'acme', 'moving@acme.example');
    const whileFirst = await instant();
    await service.call('DELETE', first, { key: acme });
    const whileNobody = await instant();
    const second = await service.smtpUser(other, 'moved-to', 'Moving@acme.example');
    const whileSecond = await instant();
    const at = (occurredAt: string) => denial({ username: 'moving@acme.example', occurredAt });
    const [early, between] = [at(before), at(whileNobody)];
    expect((await report([early, at(whileFirst), between, at(whileSecond)])).body).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: [early, between].map(({ id, occurredAt }) => ({
        id,
        code: 'smtp-user-not-found',
        detail: `No SMTP user had the username moving@acme.example at ${occurredAt}. Send the smtpUserId of the policy that decided.`,
      })),
    });
    expect(await stored(first)).toMatchObject([{ occurredAt: whileFirst }]);
    expect(await stored(second)).toMatchObject([{ occurredAt: whileSecond }]);
  });

  it('assigns a denial to the SMTP user that the relay names, if it has or had the username', async () => {
    const renamed = await service.smtpUser(acme, 'acme', 'before@acme.example');
    await service.call('PATCH', renamed, { key: acme, body: { username: 'after@acme.example' } });
    const stale = denial({ username: 'before@acme.example', smtpUserId: idOf(renamed), occurredAt: await instant() });
    const ofAnother = denial({ username: 'app@acme.example', smtpUserId: idOf(renamed) });
    const malformed = denial({ smtpUserId: 'x' });
    expect((await report([stale, ofAnother, malformed])).body).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: expect.arrayContaining([
        {
          id: ofAnother.id,
          code: 'smtp-user-not-found',
          detail: `The SMTP user ${idOf(renamed)} never had the username app@acme.example.`,
        },
        { id: malformed.id, code: 'validation-failed', detail: '/denials/2/smtpUserId is a UUID in lower case.' },
      ]),
    });
    expect(await stored(renamed)).toMatchObject([{ denialId: stale.id, username: 'before@acme.example' }]);
  });

  it('rejects times of a wrong clock: before 2000, or more than a day ahead', async () => {
    const ahead = (ms: number) => denial({ occurredAt: new Date(Date.now() + ms).toISOString() });
    const [old, farAhead, early, soon] = [
      denial({ occurredAt: '1999-12-31T23:59:59.999Z', smtpUserId: idOf(user) }),
      ahead(24 * 3_600_000 + 60_000),
      denial({ occurredAt: '2000-01-01T00:00:00.000Z', smtpUserId: idOf(user) }),
      ahead(24 * 3_600_000 - 60_000),
    ];
    expect((await report([old, farAhead, early, soon])).body).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: [
        {
          id: old?.id,
          code: 'validation-failed',
          detail: '/denials/0/occurredAt is before the year 2000: check the clock of the relay.',
        },
        {
          id: farAhead?.id,
          code: 'validation-failed',
          detail: expect.stringContaining('/denials/1/occurredAt is more than a day ahead of Postern’s clock'),
        },
      ],
    });
  });

  it('accepts a thousand denials of a thousand users in one report, several at the same time', async () => {
    await service.sql(`
      INSERT INTO access.usernames (username_key, tenant_id, smtp_user_id, claimed_at)
      SELECT 'many-' || i || '@acme.example', 'acme', gen_random_uuid(), now() FROM generate_series(1, 1000) i`);
    const batch = () => Array.from({ length: 1_000 }, (_, i) => denial({ username: `many-${i + 1}@acme.example` }));
    const answers = await Promise.all(Array.from({ length: 6 }, () => report(batch())));
    for (const { body } of answers) expect(body).toEqual({ accepted: 1_000, duplicates: 0, rejected: [] });
  });

  it.each([
    [undefined, 'field-missing'],
    ['all', 'validation-failed'],
    [[], 'validation-failed'],
    [Array.from({ length: 1_001 }, () => 0), 'validation-failed'],
  ])('refuses the complete batch %.20j', async (denials, code) => {
    expect((await report(denials)).body).toEqual(
      problem(422, 'validation-failed', '/denials', [
        { pointer: '/denials', code, detail: expect.any(String), suggestions: [] },
      ]),
    );
  });

  it('is for relays', async () => {
    expect((await report([denial()], acme)).body).toEqual(problem(403, 'role-not-allowed', 'the role relay'));
  });
});
