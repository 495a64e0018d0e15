import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../../testing/problem.js';
import { commandDatabase, StartedService } from '../../../testing/started-service.js';

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
  occurredAt: '2026-11-01T12:00:00.000Z',
  relay: 'mx1.example',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  count: 1,
  ...change,
});
const report = (denials: unknown, key = relay) =>
  service.call('POST', '/v1/relay/auth-denials', { key, body: { denials } });
const idOf = (user: string) => user.split('/').at(-1);
const stored = async (of = user) => (await service.events(`auth-denials/${idOf(of)}`)).map(({ data }) => data);

describe('reporting denials', () => {
  it('keeps each in the stream of its user, with the relay’s key as the actor', async () => {
    const other = await service.tenant('other');
    const otherUser = await service.smtpUser(other, 'other', 'one@other.example');
    const [first, second] = [
      denial({ occurredAt: '2026-11-01T13:00:00.1234+01:00', ip: '2001:DB8:0::1', count: 7 }),
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
          occurredAt: '2026-11-01T12:00:00.123Z',
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

  it('rejects what is wrong, item by item, and takes the rest', async () => {
    const good = denial();
    const bad: [unknown, string, string][] = [
      [denial({ id: 'x' }), 'validation-failed', '/id is a UUID in lower case.'],
      [denial({ username: 'a b' }), 'username-invalid', '/username is 1 to 254'],
      [denial({ username: 'nobody@acme.example' }), 'smtp-user-not-found', 'Nobody holds'],
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
      [denial({ extra: 1 }), 'field-unknown', '/extra is no field'],
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

  it('finds the user that a username belonged to last, and the one who has it now before that', async () => {
    const old = await service.smtpUser(acme, 'acme', 'moving@acme.example');
    await service.call('PATCH', old, { key: acme, body: { username: 'moved@acme.example' } });
    await report([denial({ username: 'moving@acme.example' })]);
    expect(await stored(old)).toHaveLength(1);
    const next = await service.smtpUser(acme, 'acme', 'moving@acme.example');
    await report([denial({ username: 'moving@acme.example' }), denial({ username: 'moved@acme.example' })]);
    expect([await stored(old), await stored(next)].map(({ length }) => length)).toEqual([2, 1]);
    await service.call('DELETE', next, { key: acme });
    await report([denial({ username: 'moving@acme.example' })]);
    expect(await stored(next)).toHaveLength(2);
  });

  it('takes a thousand of as many users at once, several times at once', async () => {
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
  ])('refuses the whole of the batch %.20j', async (denials, code) => {
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
