import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
let acme: string;
let other: string;
let relay: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
  other = await service.tenant('other');
  relay = await service.key({ role: 'relay', name: 'mx1' });
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const register = (username: unknown, key = acme, tenant = 'acme') =>
  service.call('POST', `/v1/tenants/${tenant}/smtp-users`, { key, body: { username } });
const taken = (username: string) => problem(409, 'username-taken', `The username ${username} is taken.`);

const rename = (user: string, username: string, headers = {}) =>
  service.call('PATCH', user, { key: acme, body: { username }, headers });
const remove = (user: string, headers = {}) => service.call('DELETE', user, { key: acme, headers });
const reason = async (username: string) =>
  (await service.call('POST', '/v1/relay/decisions', { key: relay, body: { username, ip: '192.0.2.1' } })).body[
    'reason'
  ];

describe('registering an SMTP user', () => {
  it('answers it, unrestricted, and puts it into the journal', async () => {
    const { status, headers, body } = await register('App@acme.example');
    expect({ status, etag: headers['etag'], body }).toEqual({
      status: 201,
      etag: '"1"',
      body: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        tenantId: 'acme',
        username: 'App@acme.example',
        createdAt: expect.stringMatching(/\.\d{3}Z$/),
        restriction: { restricted: false, mode: 'enforce', enforceAt: null, version: 1, entries: [], warnings: [] },
      },
    });
    expect(await service.events(`smtp-user/${String(body['id'])}`)).toEqual([
      {
        version: 1,
        type: 'SmtpUserRegistered',
        tenant_id: 'acme',
        data: {
          smtpUserId: body['id'],
          tenantId: 'acme',
          username: 'App@acme.example',
          registeredAt: body['createdAt'],
        },
        metadata: expect.objectContaining({
          actor: { role: 'admin', keyId: acme.split('_')[2], name: "acme's admin" },
          correlationId: headers['x-request-id'],
        }),
      },
    ]);
  });

  it('refuses a username that is taken, in any case, by any tenant', async () => {
    await register('held@acme.example');
    expect((await register('HELD@acme.example')).body).toEqual(taken('HELD@acme.example'));
    expect((await register('held@acme.example', other, 'other')).body).toEqual(taken('held@acme.example'));
  });

  it('lets one of many win who want the same username at once, and leaves nothing of the others', async () => {
    const before = await service.sql('SELECT 1 FROM journal.events');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? register('race@x') : register('RACE@x', other, 'other'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    expect(await service.sql('SELECT 1 FROM journal.events')).toHaveLength(before.length + 1);
    expect(await service.sql("SELECT 1 FROM access.usernames WHERE username_key = 'race@x'")).toHaveLength(1);
  });

  it.each([[''], ['with space'], ['tab\t'], ['ümlaut@acme.example'], ['a'.repeat(255)], ['nul\u0000']])(
    'refuses the username %j',
    async (username) => {
      expect((await register(username)).body).toEqual(
        problem(422, 'validation-failed', '/username', [
          {
            pointer: '/username',
            code: 'username-invalid',
            detail: 'A username is 1 to 254 printable ASCII characters without white space.',
            suggestions: [],
          },
        ]),
      );
    },
  );

  it('refuses bodies that are not what it asks for', async () => {
    const url = '/v1/tenants/acme/smtp-users';
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${acme}` };
    const send = async (payload: string, type = 'application/json') => {
      const answer = await service.app.inject({
        method: 'POST',
        url,
        payload,
        headers: { ...headers, 'content-type': type },
      });
      return answer.json();
    };
    expect(await send('{"username":')).toEqual(problem(400, 'body-not-json', 'cannot be read as JSON'));
    expect(await send('<username/>', 'application/xml')).toEqual(problem(415, 'media-type-unsupported', 'Send JSON'));
    expect(await send(`{"username":"${'a'.repeat(1_100_000)}"}`)).toEqual(problem(413, 'body-too-large', '16 KiB'));
    expect(await send('[]')).toEqual(
      problem(422, 'validation-failed', 'The body', [
        { pointer: '', code: 'validation-failed', detail: expect.any(String), suggestions: [] },
      ]),
    );
    expect(await send('{"username":"a","__proto__":{"x":1}}')).toMatchObject({ status: 400 });
    expect(await send('{"username":"a@b","tenantId":"other"}')).toEqual(
      problem(422, 'validation-failed', '/tenantId', [
        { pointer: '/tenantId', code: 'field-unknown', detail: expect.any(String), suggestions: [] },
      ]),
    );
  });
});

describe('renaming an SMTP user', () => {
  it('moves it to the new username, keeps the rest, and frees the old one', async () => {
    const user = await service.smtpUser(acme, 'acme', 'old@acme.example');
    const { status, headers, body } = await rename(user, 'New@acme.example');
    expect({ status, etag: headers['etag'], body }).toEqual({
      status: 200,
      etag: '"2"',
      body: {
        id: user.split('/').at(-1),
        tenantId: 'acme',
        username: 'New@acme.example',
        createdAt: expect.any(String),
        restriction: { restricted: false, mode: 'enforce', enforceAt: null, version: 2, entries: [], warnings: [] },
      },
    });
    expect(await reason('new@acme.example')).toBe('unrestricted');
    expect(await reason('old@acme.example')).toBe('smtp-user-unknown');
    await service.smtpUser(acme, 'acme', 'old@acme.example');
  });

  it('changes only the case of a username without releasing it, and does nothing for an equal one', async () => {
    const user = await service.smtpUser(acme, 'acme', 'case@acme.example');
    expect((await rename(user, 'CASE@acme.example')).body).toMatchObject({ username: 'CASE@acme.example' });
    expect((await rename(user, 'CASE@acme.example')).body).toMatchObject({ restriction: { version: 2 } });
    expect(await service.sql("SELECT 1 FROM access.usernames WHERE username_key = 'case@acme.example'")).toHaveLength(
      1,
    );
  });

  it('leaves all as it was where the new username is taken', async () => {
    await service.smtpUser(acme, 'acme', 'a-taken@acme.example');
    const user = await service.smtpUser(acme, 'acme', 'a-mine@acme.example');
    expect((await rename(user, 'A-Taken@acme.example')).body).toEqual(
      problem(409, 'username-taken', 'The username A-Taken@acme.example is taken.'),
    );
    expect(await reason('a-mine@acme.example')).toBe('unrestricted');
    expect((await rename(user, 'a-mine-2@acme.example')).body).toMatchObject({ restriction: { version: 2 } });
  });

  it('lets two users who want each other’s usernames fail or wait; no name gets two owners', async () => {
    const [a, b] = await Promise.all([
      service.smtpUser(acme, 'acme', 'swap-a@x'),
      service.smtpUser(acme, 'acme', 'swap-b@x'),
    ]);
    const answers = await Promise.all([rename(a, 'swap-b@x'), rename(b, 'swap-a@x')]);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const held = await service.sql(
      "SELECT username_key FROM access.usernames WHERE username_key LIKE 'swap-%' AND released_at IS NULL",
    );
    expect(held).toHaveLength(2);
  });
});

describe('removing an SMTP user', () => {
  it('makes it unknown and its username free; the id stays gone', async () => {
    const user = await service.smtpUser(acme, 'acme', 'gone@acme.example');
    const { status, body } = await remove(user);
    expect({ status, body }).toEqual({ status: 204, body: null });
    expect(await reason('gone@acme.example')).toBe('smtp-user-unknown');
    const notFound = problem(404, 'smtp-user-not-found', 'was removed');
    expect((await remove(user)).body).toEqual(notFound);
    expect((await rename(user, 'back@acme.example')).body).toEqual(notFound);
    const again = await service.smtpUser(acme, 'acme', 'GONE@acme.example');
    expect(again).not.toBe(user);
    expect(await reason('gone@acme.example')).toBe('unrestricted');
  });

  it('is guarded by If-Match', async () => {
    const user = await service.smtpUser(acme, 'acme', 'guarded@acme.example');
    expect((await remove(user, { 'if-match': '"2"' })).body).toEqual(
      problem(412, 'version-mismatch', 'The present version is 1.', [], { version: 1 }),
    );
    expect((await rename(user, 'x@acme.example', { 'if-match': '"2"' })).status).toBe(412);
    expect((await remove(user, { 'if-match': '"1"' })).status).toBe(204);
  });

  it.each(['not-a-uuid', '0198C0DE-0000-7000-8000-000000000001', '0198c0de-0000-7000-8000-000000000001'])(
    'answers 404 for the id %s, which nobody has',
    async (id) => {
      expect((await remove(`/v1/tenants/acme/smtp-users/${id}`)).body).toEqual(
        problem(404, 'smtp-user-not-found', 'There is no SMTP user with this id'),
      );
    },
  );
});
