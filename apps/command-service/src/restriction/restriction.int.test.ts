import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, listOf, StartedService } from '../../testing/started-service.js';

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

const newUser = () => service.smtpUser(acme, 'acme', `user-${users++}@acme.example`);
const add = (user: string, entries: unknown, headers = {}) =>
  service.call('POST', `${user}/restriction/entries`, { key: acme, body: { entries }, headers });
const put = (user: string, body: unknown, headers: Record<string, string> = { 'if-match': '*' }) =>
  service.call('PUT', `${user}/restriction`, { key: acme, body, headers });
const del = (url: string, headers = {}) => service.call('DELETE', url, { key: acme, headers });
const streamOf = (user: string) => `smtp-user/${user.split('/').at(-1)}`;
const field = (pointer: string, code: string, detail: unknown = expect.any(String), suggestions: unknown = []) => ({
  pointer,
  code,
  detail,
  suggestions,
});

describe('adding entries', () => {
  it('answers the restriction as API.md writes it, with its version as ETag', async () => {
    const user = await newUser();
    const { status, headers, body } = await add(user, [
      { range: '203.0.113.42', note: 'office', expiresAt: null },
      { range: '2001:DB8::/64', expiresAt: '2999-01-31T12:00:00+02:00' },
    ]);
    const entry = { id: expect.any(String), addedBy: "acme's admin", addedAt: expect.any(String), live: true };
    expect({ status, etag: headers['etag'], body }).toEqual({
      status: 201,
      etag: '"2"',
      body: {
        restricted: true,
        mode: 'enforce',
        enforceAt: null,
        version: 2,
        entries: [
          { ...entry, range: '203.0.113.42', typed: '203.0.113.42', note: 'office', expiresAt: null },
          {
            ...entry,
            range: '2001:db8::/64',
            typed: '2001:DB8::/64',
            note: null,
            expiresAt: '2999-01-31T10:00:00.000Z',
          },
        ],
        warnings: [],
      },
    });
  });

  it('names what is wrong with each field, and writes nothing', async () => {
    const user = await newUser();
    const answer = await add(user, [
      { range: '203.0.113.42/24' },
      { range: '010.0.0.1' },
      { range: '0.0.0.0/0' },
      { range: '192.0.2.1' },
      { range: '192.0.2.1' },
      { range: '192.0.2.2', expiresAt: '2001-01-01T00:00:00Z' },
    ]);
    expect(answer.body).toEqual(
      problem(422, 'validation-failed', '/entries/0/range', [
        field('/entries/0/range', 'host-bits-set', expect.any(String), ['203.0.113.0/24', '203.0.113.42']),
        field('/entries/1/range', 'range-invalid', expect.any(String), expect.any(Array)),
        field('/entries/2/range', 'range-too-wide', expect.any(String), expect.any(Array)),
        field('/entries/4/range', 'entry-duplicate'),
        field('/entries/5/expiresAt', 'expiry-in-the-past'),
      ]),
    );
    expect(await service.events(streamOf(user))).toHaveLength(1);
  });

  it.each([
    [{}, field('/entries', 'field-missing')],
    [{ entries: [] }, field('/entries', 'field-missing')],
    [{ entries: 'all' }, field('/entries', 'validation-failed')],
    [{ entries: [{}] }, field('/entries/0/range', 'field-missing')],
    [{ entries: [{ range: 42 }] }, field('/entries/0/range', 'validation-failed')],
    [{ entries: [{ range: '192.0.2.1', rage: 1 }] }, field('/entries/0/rage', 'field-unknown')],
    [{ entries: [{ range: '192.0.2.1', note: 'x'.repeat(501) }] }, field('/entries/0/note', 'validation-failed')],
    [{ entries: [{ range: '192.0.2.1', note: 'a\u0000b' }] }, field('/entries/0/note', 'validation-failed')],
    [{ entries: [{ range: '192.0.2.1', note: '\udc00' }] }, field('/entries/0/note', 'validation-failed')],
    [{ entries: [{ range: '192.0.2.1', expiresAt: 'soon' }] }, field('/entries/0/expiresAt', 'validation-failed')],
    [
      { entries: [{ range: '192.0.2.1', expiresAt: '2030-02-30T00:00:00Z' }] },
      field('/entries/0/expiresAt', 'validation-failed'),
    ],
    [{ entries: [{ range: '1'.repeat(201) }] }, field('/entries/0/range', 'range-invalid')],
    [
      { entries: Array.from({ length: 1_001 }, (_, i) => ({ range: `2001:db8::${i.toString(16)}` })) },
      field('/entries', 'too-many-entries'),
    ],
  ])('refuses the body %.60j', async (body, error) => {
    const user = await newUser();
    const answer = await service.call('POST', `${user}/restriction/entries`, { key: acme, body });
    expect(answer.body).toEqual(problem(422, 'validation-failed', error.pointer, [error]));
  });

  it('refuses a range that has a live entry, and names it', async () => {
    const user = await newUser();
    await add(user, [{ range: '192.0.2.1' }]);
    expect((await add(user, [{ range: '::ffff:192.0.2.1' }])).body).toEqual(
      problem(422, 'validation-failed', 'The restriction has', [
        field('/entries/0/range', 'entry-duplicate', expect.stringContaining('192.0.2.1')),
      ]),
    );
  });

  it('loses none of many that are sent at once, and leaves no gap in the versions', async () => {
    const user = await newUser();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => add(user, [{ range: `192.0.2.${i}` }])));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 201));
    const versions = answers.map(({ body }) => Number(body['version'])).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 40 }, (_, i) => i + 2));
    const events = await service.events(streamOf(user));
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
  });
});

describe('taking entries off', () => {
  it('removes one, but never the last one', async () => {
    const user = await newUser();
    const { body } = await add(user, [{ range: '192.0.2.1' }, { range: '192.0.2.2' }]);
    const [first, second] = listOf(body['entries']).map((entry) => String(entry['id']));
    const removed = await del(`${user}/restriction/entries/${first}`);
    expect(removed).toMatchObject({
      status: 200,
      headers: { etag: '"3"' },
      body: { restricted: true, version: 3, entries: [{ id: second }] },
    });
    expect((await del(`${user}/restriction/entries/${first}`)).body).toEqual(
      problem(404, 'entry-not-found', 'The restriction has no entry with this id'),
    );
    expect((await del(`${user}/restriction/entries/${second}`)).body).toEqual(
      problem(409, 'last-entry', 'DELETE …/restriction'),
    );
    expect((await del(`${user}/restriction/entries/%00`)).body).toEqual(
      problem(404, 'route-not-found', 'No path of the API has'),
    );
  });

  it('clears it all, and is content where there is nothing to clear', async () => {
    const user = await newUser();
    await add(user, [{ range: '192.0.2.1' }]);
    const cleared = { restricted: false, mode: 'enforce', enforceAt: null, version: 3, entries: [], warnings: [] };
    for (const answer of [await del(`${user}/restriction`), await del(`${user}/restriction`)]) {
      expect(answer).toMatchObject({ status: 200, headers: { etag: '"3"' } });
      expect(answer.body).toEqual(cleared);
    }
    expect(await service.events(streamOf(user))).toHaveLength(3);
  });
});

describe('replacing a restriction', () => {
  it('makes the list what was sent, in one step, and keeps the ids of what stays', async () => {
    const user = await newUser();
    const before = await add(user, [{ range: '192.0.2.1' }, { range: '192.0.2.2' }]);
    const kept = listOf(before.body['entries'])[1]?.['id'];
    const { status, headers, body } = await put(
      user,
      { entries: [{ range: '192.0.2.2' }, { range: '192.0.2.3' }], mode: 'report-only' },
      { 'if-match': '"2"' },
    );
    expect({ status, etag: headers['etag'] }).toEqual({ status: 200, etag: `"${String(body['version'])}"` });
    expect(body).toMatchObject({ mode: 'report-only', entries: [{ id: kept }, { range: '192.0.2.3' }] });
  });

  it('does nothing where all is so already', async () => {
    const user = await newUser();
    await add(user, [{ range: '192.0.2.1' }]);
    expect((await put(user, { entries: [{ range: '192.0.2.1' }] })).body).toMatchObject({ version: 2 });
  });

  it('refuses to make it empty', async () => {
    const user = await newUser();
    expect((await put(user, { entries: [] })).body).toEqual(problem(409, 'restriction-empty', 'DELETE …/restriction'));
  });

  it('refuses another version than the current one, and returns the current one', async () => {
    const user = await newUser();
    await add(user, [{ range: '192.0.2.1' }]);
    const answer = await put(user, { entries: [{ range: '192.0.2.9' }] }, { 'if-match': '"1"' });
    expect(answer.headers['etag']).toBe('"2"');
    expect(answer.body).toEqual(problem(412, 'version-mismatch', 'The present version is 2.', [], { version: 2 }));
    expect((await put(user, { entries: [{ range: '192.0.2.9' }] }, { 'if-match': 'two' })).body).toEqual(
      problem(422, 'validation-failed', 'Send the ETag as If-Match', [field('If-Match', 'validation-failed')]),
    );
    expect((await add(user, [{ range: '192.0.2.9' }], { 'if-match': '"1"' })).status).toBe(412);
    expect((await del(`${user}/restriction`, { 'if-match': '"1"' })).status).toBe(412);
    expect(await service.events(streamOf(user))).toHaveLength(2);
  });

  it('lets one of two win who saw the same version', async () => {
    const user = await newUser();
    const answers = await Promise.all(
      [1, 2].map((i) => put(user, { entries: [{ range: `192.0.2.${i}` }] }, { 'if-match': '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

describe('changing the mode', () => {
  it('to report-only with an end shows both; adding keeps them; another change or clearing takes the end away', async () => {
    const user = await newUser();
    const change = (body: object) => service.call('PUT', `${user}/restriction/mode`, { key: acme, body });
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const ending = { mode: 'report-only', enforceAt: soon };
    expect(await change(ending)).toMatchObject({ status: 200, body: ending });
    expect(await add(user, [{ range: '203.0.113.42' }])).toMatchObject({ status: 201, body: ending });
    const endless = { mode: 'report-only', enforceAt: null };
    expect(await change({ mode: 'report-only' })).toMatchObject({ status: 200, body: endless });
    const replaced = await put(user, { entries: [{ range: '192.0.2.1' }], ...ending }, { 'if-match': '"4"' });
    expect(replaced).toMatchObject({ status: 200, body: ending });
    expect(await service.call('DELETE', `${user}/restriction`, { key: acme })).toMatchObject({
      status: 200,
      body: { mode: 'enforce', enforceAt: null },
    });
  });

  it.each([
    ['a past end', { mode: 'report-only', enforceAt: '2026-01-01T00:00:00Z' }, '/enforceAt', 'expiry-in-the-past'],
    ['an end far ahead', { mode: 'report-only', enforceAt: '2999-01-01T00:00:00Z' }, '/enforceAt', 'validation-failed'],
    ['an end of enforce', { mode: 'enforce', enforceAt: '2999-01-01T00:00:00Z' }, '/enforceAt', 'validation-failed'],
    ['an end that is no time', { mode: 'report-only', enforceAt: 'tomorrow' }, '/enforceAt', 'validation-failed'],
    ['an end without a mode', { enforceAt: '2999-01-01T00:00:00Z' }, '/mode', 'field-missing'],
  ])('refuses %s and changes nothing', async (_, body, pointer, code) => {
    const user = await newUser();
    const answer = await service.call('PUT', `${user}/restriction/mode`, { key: acme, body });
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual(problem(422, 'validation-failed', pointer, [field(pointer, code)]));
    expect(await add(user, [{ range: '203.0.113.42' }])).toMatchObject({
      body: { mode: 'enforce', enforceAt: null, version: 2 },
    });
  });

  it('is on record once, also before there is an entry', async () => {
    const user = await newUser();
    const change = (mode: unknown) => service.call('PUT', `${user}/restriction/mode`, { key: acme, body: { mode } });
    const reporting = {
      restricted: false,
      mode: 'report-only',
      enforceAt: null,
      version: 2,
      entries: [],
      warnings: [],
    };
    for (const answer of [await change('report-only'), await change('report-only')]) {
      expect(answer).toMatchObject({ status: 200, headers: { etag: '"2"' } });
      expect(answer.body).toEqual(reporting);
    }
    expect((await change('off')).body).toEqual(
      problem(422, 'validation-failed', '/mode', [
        field('/mode', 'validation-failed', 'One of: enforce, report-only.'),
      ]),
    );
  });
});
