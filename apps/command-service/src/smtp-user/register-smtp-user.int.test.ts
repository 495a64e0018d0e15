import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
let acme: string;
let other: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
  other = await service.tenant('other');
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const register = (username: unknown, key = acme, tenant = 'acme') =>
  service.call('POST', `/v1/tenants/${tenant}/smtp-users`, { key, body: { username } });
const taken = (username: string) => problem(409, 'username-taken', `The username ${username} is taken.`);

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
