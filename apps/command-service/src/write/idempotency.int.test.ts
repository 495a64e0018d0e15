import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService, type Answer } from '../../testing/started-service.js';
import { ExpiredRows } from '../expired-rows.js';

let database: TestDatabase;
let one: StartedService;
let two: StartedService;
let acme: string;
let made = 0;
beforeAll(async () => {
  database = await commandDatabase();
  one = await StartedService.on(database.url);
  two = await StartedService.on(database.url, one.operatorKey);
  acme = await one.tenant('acme');
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await database.drop();
});

const newKey = () => `change-${made++}`;
const newUser = () => one.smtpUser(acme, 'acme', `user-${made++}@acme.example`);
const withKey = (key: string) => ({ 'idempotency-key': key });
const add = (user: string, range: string, key: string, service = one): Promise<Answer> =>
  service.call('POST', `${user}/restriction/entries`, {
    key: acme,
    body: { entries: [{ range }] },
    headers: withKey(key),
  });
const versions = async (user: string) =>
  (await one.events(`smtp-user/${user.split('/').at(-1)}`)).map(({ version }) => version);
const shown = ({ status, headers, body }: Answer) => ({
  status,
  body,
  etag: headers['etag'],
  version: headers['postern-version'],
});

describe('a request with an Idempotency-Key', () => {
  it('is carried out once, and its repeat gets the first answer with status, ETag and body, by another process too', async () => {
    const [user, key] = [await newUser(), newKey()];
    const first = await add(user, '192.0.2.1', key);
    const again = await add(user, '192.0.2.1', key);
    const elsewhere = await add(user, '192.0.2.1', key, two);
    expect(shown(first)).toMatchObject({ status: 201, etag: '"2"', version: '2' });
    expect([shown(again), shown(elsewhere)]).toEqual([shown(first), shown(first)]);
    expect([first, again, elsewhere].map(({ headers }) => headers['idempotency-replayed'])).toEqual([
      undefined,
      'true',
      'true',
    ]);
    expect(await versions(user)).toEqual([1, 2]);
  });

  it.each([
    ['another body', (user: string, key: string) => add(user, '192.0.2.2', key)],
    [
      'another path',
      (user: string, key: string) =>
        one.call('PUT', `${user}/restriction/mode`, { key: acme, body: { mode: 'enforce' }, headers: withKey(key) }),
    ],
  ])('is refused with %s', async (_, other) => {
    const [user, key] = [await newUser(), newKey()];
    await add(user, '192.0.2.1', key);
    const { status, body } = await other(user, key);
    expect({ status, body }).toEqual({
      status: 409,
      body: problem(409, 'idempotency-key-reused', 'Use a new key'),
    });
    expect(await versions(user)).toEqual([1, 2]);
  });

  it('does not meet the same key of another API key', async () => {
    const [user, key] = [await newUser(), newKey()];
    const other = await one.key({ role: 'admin', name: 'second' }, 'acme');
    await add(user, '192.0.2.1', key);
    const answer = await one.call('POST', `${user}/restriction/entries`, {
      key: other,
      body: { entries: [{ range: '192.0.2.9' }] },
      headers: withKey(key),
    });
    expect(shown(answer)).toMatchObject({ status: 201, etag: '"3"' });
  });

  it('leaves its key free where it was refused, and is judged again', async () => {
    const [user, key] = [await newUser(), newKey()];
    expect((await add(user, '192.0.2.300', key)).status).toBe(422);
    expect((await add(user, '192.0.2.3', key)).status).toBe(201);
  });

  it('is kept also where there was nothing to change', async () => {
    const [user, key] = [await newUser(), newKey()];
    const clear = () => one.call('DELETE', `${user}/restriction`, { key: acme, headers: withKey(key) });
    const first = await clear();
    await add(user, '192.0.2.1', newKey());
    const again = await clear();
    expect(shown(first)).toMatchObject({ status: 200, body: { restricted: false } });
    expect(shown(again)).toEqual(shown(first));
    expect(await versions(user)).toEqual([1, 2]);
  });

  it('is answered without a body again, where it had none', async () => {
    const [user, key] = [await newUser(), newKey()];
    const remove = () => one.call('DELETE', user, { key: acme, headers: withKey(key) });
    const first = await remove();
    const again = await remove();
    expect(shown(first)).toEqual({ status: 204, body: null, etag: undefined, version: '2' });
    expect(shown(again)).toEqual(shown(first));
    expect((await one.call('DELETE', user, { key: acme })).status).toBe(404);
  });

  it.each([[''], ['é'], ['x'.repeat(256)]])('has 1 to 255 printable ASCII characters: %j is refused', async (key) => {
    const { status, body } = await add(await newUser(), '192.0.2.1', key);
    expect({ status, body }).toEqual({
      status: 422,
      body: problem(422, 'validation-failed', '1 to 255 printable ASCII characters', [
        {
          pointer: 'Idempotency-Key',
          code: 'validation-failed',
          detail: expect.stringContaining('printable ASCII'),
          suggestions: [],
        },
      ]),
    });
  });
});

describe('two requests with one Idempotency-Key at once', () => {
  it.each([
    ['in one process', () => one],
    ['in two processes', () => two],
  ])('add an entry once and get one answer, %s', async (_, other) => {
    for (let round = 0; round < 5; round++) {
      const [user, key] = [await newUser(), newKey()];
      const answers = await Promise.all([
        add(user, '192.0.2.1', key),
        add(user, '192.0.2.1', key, other()),
        add(user, '192.0.2.1', key),
        add(user, '192.0.2.1', key, other()),
      ]);
      const [first] = answers.map(shown);
      expect(first).toMatchObject({ status: 201, etag: '"2"' });
      expect(answers.map(shown)).toEqual(answers.map(() => first));
      expect(await versions(user)).toEqual([1, 2]);
    }
  });

  it('register one SMTP user', async () => {
    const [username, key] = [`twice-${made++}@acme.example`, newKey()];
    const register = (service: StartedService) =>
      service.call('POST', '/v1/tenants/acme/smtp-users', { key: acme, body: { username }, headers: withKey(key) });
    const answers = await Promise.all([register(one), register(two), register(one), register(two)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
  });

  it('make one tenant and revoke one key', async () => {
    const id = `tenant-${made++}`;
    const create = (service: StartedService) =>
      service.call('POST', '/v1/tenants', { key: one.operatorKey, body: { id, name: id }, headers: withKey(id) });
    const answers = await Promise.all([create(one), create(two)]);
    expect(answers.map(({ status, body }) => [status, body['id']])).toEqual([
      [201, id],
      [201, id],
    ]);
    const doomed = await one.key({ role: 'auditor', name: 'leaves' }, 'acme');
    const url = `/v1/tenants/acme/api-keys/${doomed.split('_')[2]}`;
    const revoke = (service: StartedService) =>
      service.call('DELETE', url, { key: acme, headers: withKey(`revoke ${id}`) });
    expect((await Promise.all([revoke(one), revoke(two), revoke(one)])).map(({ status }) => status)).toEqual([
      204, 204, 204,
    ]);
  });
});

describe('what is kept', () => {
  it('returns an issued key again to its first caller, and shows its text to nobody else', async () => {
    const key = newKey();
    const issue = () =>
      one.call('POST', '/v1/tenants/acme/api-keys', {
        key: acme,
        body: { role: 'auditor', name: 'safe' },
        headers: withKey(key),
      });
    const [first, again] = [await issue(), await issue()];
    const secret = String(first.body['key']).split('_')[3] ?? '';
    expect(again.body).toEqual(first.body);
    const rows = await one.sql<{ text: string }>(
      `SELECT encode(sealed_answer, 'escape') AS text FROM access.idempotency_keys WHERE idempotency_key = $1`,
      [key],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(secret);
    expect(rows[0]?.text).not.toContain('auditor');
  });

  it('records a login that was refused once', async () => {
    const user = await newUser();
    const added = await add(user, '192.0.2.1', newKey());
    expect(added.status).toBe(201);
    const relay = await one.key({ role: 'relay', name: 'mx1' });
    const [{ username } = { username: '' }] = await one.sql<{ username: string }>(
      `SELECT username_key AS username FROM access.usernames WHERE smtp_user_id = $1`,
      [user.split('/').at(-1)],
    );
    const key = newKey();
    const decide = () =>
      one.call('POST', '/v1/relay/decisions', {
        key: relay,
        body: { username, ip: '198.51.100.7' },
        headers: withKey(key),
      });
    const [first, again] = [await decide(), await decide()];
    expect(first.body).toMatchObject({ decision: 'deny' });
    expect(again.body).toEqual(first.body);
    expect(await one.events(`auth-denials/${user.split('/').at(-1)}`)).toHaveLength(1);
  });

  it('is not there where the transaction of the events was rolled back: the key is free', async () => {
    const key = newKey();
    const [user, other] = [await newUser(), await newUser()];
    // What comes behind the kept answer in the transaction fails: the username is taken.
    const [{ username } = { username: '' }] = await one.sql<{ username: string }>(
      `SELECT username_key AS username FROM access.usernames WHERE smtp_user_id = $1`,
      [other.split('/').at(-1)],
    );
    const rename = (name: string) =>
      one.call('PATCH', user, { key: acme, body: { username: name }, headers: withKey(key) });
    expect((await rename(username)).body).toMatchObject({ code: 'username-taken' });
    expect(await one.sql('SELECT 1 AS kept FROM access.idempotency_keys WHERE idempotency_key = $1', [key])).toEqual(
      [],
    );
    expect(await versions(user)).toEqual([1]);
    expect((await rename(`free-${made++}@acme.example`)).status).toBe(200);
  });

  it('expires after a day, is removed by the round, and the key can be used for another request', async () => {
    const [user, key, removed] = [await newUser(), newKey(), newKey()];
    await add(user, '192.0.2.1', key);
    await add(user, '192.0.2.2', removed);
    await one.sql(
      `UPDATE access.idempotency_keys SET created_at = created_at - interval '25 hours' WHERE idempotency_key = ANY ($1)`,
      [[key, removed]],
    );
    expect(shown(await add(user, '192.0.2.3', key))).toMatchObject({ status: 201, etag: '"4"' });
    await one.app.get(ExpiredRows, { strict: false }).remove();
    expect(
      await one.sql('SELECT idempotency_key AS key FROM access.idempotency_keys WHERE idempotency_key = ANY ($1)', [
        [key, removed],
      ]),
    ).toEqual([{ key }]);
  });

  it('can be read by no role but the one that writes it', async () => {
    for (const role of ['postern_command', 'postern_access']) {
      await expect(one.dataSource(role).query('SELECT 1 FROM access.idempotency_keys')).rejects.toThrow(
        'permission denied',
      );
    }
  });
});
