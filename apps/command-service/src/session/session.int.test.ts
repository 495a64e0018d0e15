import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { roleUrl } from '@postern/database';
import { onDatabase, until, type TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService, type Answer, type Body } from '../../testing/started-service.js';
import { ExpiredRows } from '../expired-rows.js';
import { firstSignInPath, MAX_LINKS_OF_ONE_KEY, MAX_SESSIONS_OF_ONE_KEY } from './sessions.js';

let database: TestDatabase;
let service: StartedService;
let admin: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url, undefined, { POSTERN_FAILED_AUTH_BURST: '10000' });
  admin = await service.tenant('acme');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

type Headers = Readonly<Record<string, string>>;
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };
const A_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const idOf = (key: string) => key.split('_')[2] ?? '';

const signIn = (body: unknown, headers: Headers = {}) => service.call('POST', '/v1/session', { body, headers });
const cookieOf = ({ headers }: Answer) => String(headers['set-cookie']).split(';')[0] ?? '';
/** `postern_session=…` of a new session. */
async function signedIn(key: string): Promise<string> {
  const answer = await signIn({ key });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return cookieOf(answer);
}
const sessionIdOf = (cookie: string) => /=(.*)\./.exec(cookie)?.[1] ?? '';
const whoAmI = (cookie: string, headers: Headers = {}) =>
  service.call('GET', '/v1/whoami', { headers: { cookie, ...headers } });
const untilEnded = (cookie: string) =>
  until(async () => (await whoAmI(cookie)).status === 401, 'the end of the session');
const ended = problem(401, 'session-expired', 'Sign in again.');
const linkOf = async (key: string) => (await service.call('POST', '/v1/sign-in-links', { key })).body;
const codeOf = ({ url }: Body) => String(url).replace('/sign-in#code=', '');

describe('signing in', () => {
  it('exchanges an API key for a cookie with its rights', async () => {
    const answer = await signIn({ key: admin });
    const session = { id: expect.stringMatching(A_UUID), expiresAt: expect.any(String) };
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 201,
      body: { role: 'admin', tenantId: 'acme', keyId: idOf(admin), name: "acme's admin", session },
    });
    const cookie = cookieOf(answer);
    expect(cookie).toMatch(/^postern_session=[0-9a-f-]{36}\.[0-9a-f]{48}$/);
    expect(answer.headers['set-cookie']).toBe(`${cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect((await whoAmI(cookie)).body).toEqual(answer.body);
    const hours = (Date.parse(String((answer.body['session'] as Body)['expiresAt'])) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThan(12.1);
    const withKey = await service.call('GET', '/v1/whoami', { key: admin });
    expect(withKey.body).toEqual({ ...answer.body, session: null });
  });

  it('refuses a key that is wrong, and one of a relay', async () => {
    const wrong = admin.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const key of [wrong, '', 'x', 'pst_admin_x_0123456789abcdef']) {
      const answer = await signIn({ key });
      expect(answer.body).toEqual(problem(401, 'api-key-invalid', 'malformed, unknown or revoked'));
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
    const relay = await signIn({ key: await service.key({ role: 'relay', name: 'mx1' }) });
    expect(relay.body).toEqual(problem(403, 'role-not-allowed', 'A key of the role relay cannot sign in.'));
    expect(relay.headers).not.toHaveProperty('set-cookie');
  });

  it.each([{}, { key: 'x', code: 'y' }, { key: 1 }, { code: 'x'.repeat(257) }, { key: 'x', more: 1 }])(
    'refuses the body %j',
    async (body) => {
      expect((await signIn(body)).body).toMatchObject({ status: 422, code: 'validation-failed' });
    },
  );

  it('never adopts a cookie that came with the request', async () => {
    const [victim, planted] = [await signedIn(admin), await signedIn(service.operatorKey)];
    const made = `postern_session=${sessionIdOf(planted)}.${'0'.repeat(48)}`;
    for (const cookie of [victim, planted, made, 'postern_session=chosen']) {
      const answer = await signIn({ key: admin }, { cookie });
      expect(answer.status).toBe(201);
      expect(cookieOf(answer)).not.toBe(cookie);
      expect(sessionIdOf(cookieOf(answer))).not.toBe(sessionIdOf(cookie));
    }
    expect((await whoAmI(made)).status).toBe(401);
  });

  it('ends the oldest sessions of a key that has too many', async () => {
    const key = await service.key({ role: 'auditor', name: 'many' }, 'acme');
    const cookies: string[] = [];
    for (let i = 0; i < MAX_SESSIONS_OF_ONE_KEY + 2; i++) cookies.push(await signedIn(key));
    await untilEnded(cookies[0] ?? '');
    await untilEnded(cookies[1] ?? '');
    for (const cookie of [cookies[2], cookies.at(-1)]) expect((await whoAmI(cookie ?? '')).status).toBe(200);
  });
});

describe('a session', () => {
  it('is proved only by its complete cookie', async () => {
    const cookie = await signedIn(admin);
    const value = cookie.slice('postern_session='.length);
    const garbage = [
      value.slice(0, -1),
      `${value}0`,
      `"${value}"`,
      value.toUpperCase(),
      value.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      value.replace('.', ''),
      value.split('.')[0],
      `.${value.split('.')[1]}`,
      `${value.split('.')[0]}.`,
      encodeURIComponent(`${value}\0`),
      '%zz',
      '\u00ff',
      "' OR 1=1 --",
      'x'.repeat(10_000),
      '',
    ];
    for (const text of garbage) expect((await whoAmI(`postern_session=${text}`)).body).toEqual(ended);
    for (const other of [`Postern_session=${value}`, `postern_session_=${value}`, `x=postern_session=${value}`, ';;=;'])
      expect((await whoAmI(other)).body).toEqual(problem(401, 'api-key-missing', 'Authorization'));
    for (const among of [`a=b; ${cookie}; c=d`, `  ${cookie}  `, `${cookie};`, `;=;${cookie}`])
      expect((await whoAmI(among)).status).toBe(200);
  });

  it('is refused where two cookies have its name, whichever is right', async () => {
    const cookie = await signedIn(admin);
    for (const two of [`${cookie}; postern_session=x`, `postern_session=; ${cookie}`, `${cookie}; ${cookie}`])
      expect((await whoAmI(two)).body).toEqual(ended);
  });

  it('is ignored if the request has an Authorization header', async () => {
    const cookie = await signedIn(admin);
    const other = await service.call('GET', '/v1/whoami', { key: service.operatorKey, headers: { cookie } });
    expect(other.body).toMatchObject({ role: 'operator', session: null });
    for (const [authorization, code] of [
      ['Bearer pst_admin_x_0123456789abcdef', 'api-key-invalid'],
      ['Basic YTpi', 'api-key-missing'],
      ['', 'api-key-missing'],
    ] as const)
      expect((await whoAmI(cookie, { authorization })).body).toMatchObject({ status: 401, code });
  });

  it('may do what its key may, and no more', async () => {
    const auditor = await signedIn(await service.key({ role: 'auditor', name: 'auditor' }, 'acme'));
    const body = { username: 'app@acme.example' };
    const write = (cookie: string, tenant: string) =>
      service.call('POST', `/v1/tenants/${tenant}/smtp-users`, { body, headers: { cookie, ...OWN_PAGE } });
    expect((await write(auditor, 'acme')).body).toEqual(
      problem(403, 'role-not-allowed', 'yours is of the role auditor'),
    );
    await service.tenant('other');
    const cookie = await signedIn(admin);
    expect((await write(cookie, 'other')).body).toEqual(problem(404, 'tenant-not-found', 'not yours'));
    expect((await write(cookie, 'nobody')).body).toEqual(problem(404, 'tenant-not-found', 'not yours'));
    expect((await write(cookie, 'acme')).status).toBe(201);
  });

  it('is named by what it changes, besides its key', async () => {
    const cookie = await signedIn(admin);
    const made = await service.call('POST', '/v1/tenants/acme/smtp-users', {
      body: { username: 'named@acme.example' },
      headers: { cookie, ...OWN_PAGE },
    });
    const [event] = await service.events(`smtp-user/${String(made.body['id'])}`);
    const actor = { role: 'admin', keyId: idOf(admin), name: "acme's admin", sessionId: sessionIdOf(cookie) };
    expect(event?.metadata).toMatchObject({ actor });
  });

  it('keeps first answers to itself, also from another session of its key', async () => {
    const cookies = [await signedIn(admin), await signedIn(admin)];
    const answers: Answer[] = [];
    for (const headers of [
      { cookie: cookies[0] ?? '' },
      { cookie: cookies[1] ?? '' },
      { authorization: `Bearer ${admin}` },
    ])
      for (let repeat = 0; repeat < 2; repeat++)
        answers.push(
          await service.call('POST', '/v1/tenants/acme/api-keys', {
            body: { role: 'auditor', name: 'ci' },
            headers: { ...headers, ...OWN_PAGE, 'idempotency-key': 'the same' },
          }),
        );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(answers.map(({ headers }) => headers['idempotency-replayed'] ?? 'made')).toEqual([
      'made',
      'true',
      'made',
      'true',
      'made',
      'true',
    ]);
    expect(new Set(answers.map(({ body }) => String(body['key']))).size).toBe(3);
  });

  it('ends with its key, within a second', async () => {
    const key = await service.key({ role: 'auditor', name: 'leaver' }, 'acme');
    const cookie = await signedIn(key);
    expect((await whoAmI(cookie)).status).toBe(200);
    await service.call('DELETE', `/v1/tenants/acme/api-keys/${idOf(key)}`, { key: admin });
    const revoked = performance.now();
    while (performance.now() - revoked < 1_000) {
      await whoAmI(cookie);
      await new Promise((done) => setTimeout(done, 20));
    }
    expect((await whoAmI(cookie)).body).toEqual(ended);
  });

  it('is ended by its own cookie, which is cleared; other sessions stay', async () => {
    const [cookie, other] = [await signedIn(admin), await signedIn(admin)];
    const out = await service.call('DELETE', '/v1/session', { headers: { cookie, ...OWN_PAGE } });
    expect({ status: out.status, body: out.body }).toEqual({ status: 204, body: null });
    expect(out.headers['set-cookie']).toBe('postern_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0');
    await untilEnded(cookie);
    expect((await whoAmI(other)).status).toBe(200);
    expect((await service.call('DELETE', '/v1/session', { headers: { cookie, ...OWN_PAGE } })).body).toEqual(ended);
  });

  it('is not ended by a request with an API key', async () => {
    const cookie = await signedIn(admin);
    const { status, headers } = await service.call('DELETE', '/v1/session', { key: admin, headers: { cookie } });
    expect([status, headers['set-cookie']]).toEqual([204, undefined]);
    expect((await whoAmI(cookie)).status).toBe(200);
  });
});

describe('the time of a session', () => {
  const age = (cookie: string, set: string) =>
    service.sql(`UPDATE access.sessions SET ${set} WHERE id = $1`, [sessionIdOf(cookie)]);
  const hoursLeft = async (cookie: string) => {
    const [row] = await service.sql<{ hours: number }>(
      'SELECT extract(epoch FROM expires_at - now())::float8 / 3600 AS hours FROM access.sessions WHERE id = $1',
      [sessionIdOf(cookie)],
    );
    return row?.hours ?? 0;
  };

  it('ends it, and what has expired is removed, a bounded number at once', async () => {
    const [cookie, lasting] = [await signedIn(admin), await signedIn(admin)];
    await age(cookie, `created_at = now() - interval '13 hours', expires_at = now() - interval '1 second'`);
    await linkOf(admin);
    await service.sql(
      `UPDATE access.sign_in_codes SET created_at = now() - interval '20 minutes', expires_at = now() - interval '6 minutes'`,
    );
    await untilEnded(cookie);
    expect((await whoAmI(cookie)).body).toEqual(ended);
    await service.app.get(ExpiredRows, { strict: false }).remove();
    const left = await service.sql<{ id: string }>('SELECT id FROM access.sessions WHERE id = ANY ($1)', [
      [cookie, lasting].map(sessionIdOf),
    ]);
    expect(left).toEqual([{ id: sessionIdOf(lasting) }]);
    expect(await service.sql('SELECT 1 AS one FROM access.sign_in_codes')).toEqual([]);
  });

  it('is renewed by use, and not beyond seven days', async () => {
    const [used, old] = [await signedIn(admin), await signedIn(admin)];
    await age(used, `created_at = now() - interval '1 day', expires_at = now() + interval '1 hour'`);
    // Signing in is a use, so this one has not signed in.
    const [{ id } = { id: '' }] = await service.sql<{ id: string }>(
      `INSERT INTO access.sessions (id, key_id, secret_hash, created_at, expires_at)
       SELECT gen_random_uuid(), key_id, secret_hash, created_at, expires_at FROM access.sessions WHERE id = $1 RETURNING id`,
      [sessionIdOf(used)],
    );
    const idle = `postern_session=${id}.`;
    await age(old, `created_at = now() - interval '166 hours', expires_at = now() + interval '1 hour'`);
    await until(async () => (await whoAmI(used)) && (await hoursLeft(used)) > 11.9, 'the renewal');
    await until(async () => (await whoAmI(old)) && (await hoursLeft(old)) > 1.5, 'the renewal of the old one');
    expect(await hoursLeft(old)).toBeLessThan(2.01);
    expect(await hoursLeft(idle)).toBeLessThan(1.01);
  });

  it('cannot be extended beyond seven days by who may renew it', async () => {
    const cookie = await signedIn(admin);
    const extend = service
      .dataSource('postern_access')
      .query(`UPDATE access.sessions SET expires_at = created_at + interval '8 days' WHERE id = $1`, [
        sessionIdOf(cookie),
      ]);
    await expect(extend).rejects.toThrow('check constraint');
  });
});

describe('a request that a page of somebody else has a browser send', () => {
  const OWN = 'http://postern.example';
  const CASES: readonly (readonly [string, Headers, boolean])[] = [
    ['Sec-Fetch-Site: same-origin', { 'sec-fetch-site': 'same-origin' }, true],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }, false],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }, false],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }, false],
    ['an empty Sec-Fetch-Site', { 'sec-fetch-site': '' }, false],
    ['Sec-Fetch-Site: cross-site with its own origin', { 'sec-fetch-site': 'cross-site', origin: OWN }, false],
    ['its own origin', { origin: OWN }, true],
    ['its own origin, with the port of the scheme', { origin: OWN, host: 'postern.example:80' }, true],
    ['another host', { origin: 'http://evil.example' }, false],
    ['another port', { origin: `${OWN}:81` }, false],
    ['another scheme', { origin: 'https://postern.example' }, false],
    ['a host that begins alike', { origin: `${OWN}.evil.example` }, false],
    ['an origin with a path', { origin: `${OWN}/` }, false],
    ['the opaque origin', { origin: 'null' }, false],
    ['a referrer alone', { referer: `${OWN}/t/acme` }, false],
    ['nothing of the kind', {}, false],
  ];

  it.each(CASES)('by a session: %s', async (_, said, passes) => {
    const headers = { cookie: await signedIn(admin), host: 'postern.example', ...said };
    const refused = problem(403, 'cross-site-request', 'Sec-Fetch-Site: same-origin');
    for (const [method, url, body] of [
      ['POST', '/v1/tenants/acme/api-keys', { role: 'auditor', name: 'x' }],
      ['DELETE', '/v1/tenants/acme/api-keys/none', undefined],
      ['PUT', '/v1/tenants/acme/reply', {}],
      ['PATCH', '/v1/tenants/acme/smtp-users/none', {}],
    ] as const) {
      const answer = await service.call(method, url, { headers, ...(body && { body }) });
      if (passes) expect(answer.body).not.toMatchObject({ code: 'cross-site-request' });
      else expect(answer.body).toEqual(refused);
    }
    expect((await service.call('GET', '/v1/tenants/acme/api-keys', { headers })).status).toBe(200);
  });

  it('by a key is not asked where it comes from', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' };
    const { status } = await service.call('POST', '/v1/tenants/acme/smtp-users', {
      key: admin,
      headers,
      body: { username: 'script@acme.example' },
    });
    expect(status).toBe(201);
  });

  it('does not sign the browser in', async () => {
    for (const [, said, passes] of CASES) {
      const { status } = await signIn({ key: admin }, { host: 'postern.example', ...said });
      // A program that is no browser says nothing.
      const silent = said['origin'] === undefined && said['sec-fetch-site'] === undefined;
      expect({ said, status }).toEqual({ said, status: passes || silent ? 201 : 403 });
    }
  });
});

describe('with a proxy that is trusted, and few failures allowed', () => {
  let other: StartedService;
  beforeAll(async () => {
    other = await StartedService.on(database.url, service.operatorKey, {
      POSTERN_TRUSTED_PROXIES: '127.0.0.1',
      POSTERN_FAILED_AUTH_BURST: '3',
      POSTERN_FAILED_AUTH_PER_SECOND: '0.001',
    });
  });
  afterAll(() => other?.stop());
  const HTTPS = { 'x-forwarded-proto': 'https', host: 'postern.example', origin: 'https://postern.example' };

  it('the cookie is Secure where the client came by https, and the origin is the one that the browser sees', async () => {
    const call = { body: { key: admin }, headers: HTTPS };
    const answer = await other.call('POST', '/v1/session', call);
    const cookie = cookieOf(answer);
    expect(answer.headers['set-cookie']).toBe(`${cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800; Secure`);
    const http = await other.call('POST', '/v1/session', {
      ...call,
      headers: { ...HTTPS, 'x-forwarded-proto': 'http' },
    });
    expect(http.body).toMatchObject({ status: 403, code: 'cross-site-request' });
    const out = await other.call('DELETE', '/v1/session', { headers: { ...HTTPS, cookie } });
    expect(out.headers['set-cookie']).toBe('postern_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0; Secure');
    // Nobody else is believed.
    expect((await service.call('POST', '/v1/session', call)).status).toBe(403);
    const untrusted = await signIn({ key: admin }, { 'x-forwarded-proto': 'https' });
    expect(String(untrusted.headers['set-cookie'])).not.toContain('Secure');
  });

  it('failures of every kind count together, and a valid key or session gets through', async () => {
    const cookie = await signedIn(admin);
    const failing = [
      () => other.call('POST', '/v1/session', { body: { key: 'x' } }),
      () => other.call('POST', '/v1/session', { body: { code: 'x' } }),
      () => other.call('GET', '/v1/whoami', { headers: { cookie: 'postern_session=x' } }),
    ];
    for (const fail of failing) expect((await fail()).status).toBe(401);
    for (const fail of failing) expect((await fail()).body).toMatchObject({ status: 429, code: 'too-many-requests' });
    expect((await other.call('POST', '/v1/session', { body: { key: admin } })).status).toBe(201);
    expect((await other.call('GET', '/v1/whoami', { headers: { cookie } })).status).toBe(200);
  });
});

describe('a sign-in link', () => {
  it('signs in once, with the key that made it', async () => {
    const made = await service.call('POST', '/v1/sign-in-links', { key: admin });
    expect({ status: made.status, body: made.body }).toEqual({
      status: 201,
      body: { url: expect.stringMatching(/^\/sign-in#code=[0-9a-f]{48}$/), expiresAt: expect.any(String) },
    });
    const minutes = (Date.parse(String(made.body['expiresAt'])) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(14.9);
    expect(minutes).toBeLessThan(15.1);
    const answer = await signIn({ code: codeOf(made.body) });
    expect(answer.body).toMatchObject({ role: 'admin', tenantId: 'acme', keyId: idOf(admin) });
    expect((await whoAmI(cookieOf(answer))).body).toEqual(answer.body);
    const again = await signIn({ code: codeOf(made.body) });
    expect(again.body).toEqual(problem(401, 'sign-in-code-invalid', 'Create a new one.'));
    expect(again.headers).not.toHaveProperty('set-cookie');
  });

  it('signs one in of many that use it at the same time', async () => {
    const code = codeOf(await linkOf(admin));
    const answers = await Promise.all(Array.from({ length: 8 }, () => signIn({ code })));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, 401, 401, 401, 401, 401, 401, 401]);
  });

  it('is guessed at without taking a connection from who writes: guesses share their look-ups', async () => {
    const writes = jest.spyOn(service.dataSource('postern_journal_writer'), 'transaction');
    const lookUps = jest.spyOn(service.dataSource('postern_access'), 'query');
    try {
      const guesses = Array.from({ length: 150 }, (_, i) => signIn({ code: `guess ${i}` }));
      for (const { status } of await Promise.all(guesses)) expect(status).toBe(401);
      expect(writes).not.toHaveBeenCalled();
      const ofCodes = lookUps.mock.calls.filter(([sql]) => sql.includes('sign_in_codes'));
      expect(ofCodes.length).toBeLessThan(20);
    } finally {
      jest.restoreAllMocks();
    }
  });

  it('is not valid after its time, once its key was revoked, or where it is another text', async () => {
    const key = await service.key({ role: 'auditor', name: 'short' }, 'acme');
    const [late, revoked] = [codeOf(await linkOf(admin)), codeOf(await linkOf(key))];
    await service.sql(
      `UPDATE access.sign_in_codes SET created_at = now() - interval '16 minutes', expires_at = now() - interval '1 minute'
        WHERE key_id = $1`,
      [idOf(admin)],
    );
    await service.call('DELETE', `/v1/tenants/acme/api-keys/${idOf(key)}`, { key: admin });
    for (const code of [late, revoked, revoked.toUpperCase(), '', 'x', '\0', admin])
      expect((await signIn({ code })).body).toEqual(problem(401, 'sign-in-code-invalid', 'Create a new one.'));
  });

  it('is made by a key, and by no session', async () => {
    const headers = { cookie: await signedIn(admin), ...OWN_PAGE };
    const refused = await service.call('POST', '/v1/sign-in-links', { headers });
    expect(refused.body).toEqual(problem(403, 'role-not-allowed', 'Send the API key.'));
    const relay = await service.key({ role: 'relay', name: 'mx1' });
    expect((await service.call('POST', '/v1/sign-in-links', { key: relay })).body).toMatchObject({
      code: 'role-not-allowed',
    });
  });

  it('is not valid any more where its key has made many', async () => {
    const links: Body[] = [];
    for (let i = 0; i <= MAX_LINKS_OF_ONE_KEY; i++) links.push(await linkOf(service.operatorKey));
    const [first, second] = await Promise.all(links.slice(0, 2).map((link) => signIn({ code: codeOf(link) })));
    expect([first?.status, second?.status]).toEqual([401, 201]);
  });

  it('is made for the first operator at each start', async () => {
    const url = await firstSignInPath(service.app);
    const answer = await signIn({ code: codeOf({ url } as unknown as Body) });
    expect(answer.body).toMatchObject({ role: 'operator', keyId: idOf(service.operatorKey) });
  });
});

describe('the secrets of sessions', () => {
  it('are stored only as hashes', async () => {
    const cookie = await signedIn(admin);
    const code = codeOf(await linkOf(admin));
    const rows = await service.sql<{ row: string }>(
      `SELECT s::text AS row FROM access.sessions s UNION ALL SELECT c::text FROM access.sign_in_codes c`,
    );
    const all = rows.map(({ row }) => row).join('\n');
    expect(all).toContain(sessionIdOf(cookie));
    expect(all).not.toContain(cookie.split('.')[1]);
    expect(all).not.toContain(code);
  });

  it('are read by the role that authenticates, and written by the one that writes', async () => {
    const refused = async (role: Parameters<typeof roleUrl>[1], sql: string) =>
      expect(onDatabase(roleUrl(database.url, role), (client) => client.query(sql))).rejects.toThrow(
        'permission denied',
      );
    for (const table of ['sessions', 'sign_in_codes'])
      for (const role of ['postern_command', 'postern_feed'] as const)
        await refused(role, `SELECT 1 FROM access.${table}`);
    await refused('postern_journal_writer', 'SELECT secret_hash FROM access.sessions');
    await refused('postern_access', 'SELECT key_id FROM access.sign_in_codes');
    await refused('postern_access', 'DELETE FROM access.sign_in_codes');
    await refused('postern_access', 'DELETE FROM access.sessions');
    await refused('postern_access', `UPDATE access.sessions SET secret_hash = ''`);
    await refused('postern_access', `UPDATE access.sessions SET key_id = 'x'`);
    await refused('postern_journal_writer', 'UPDATE access.sessions SET expires_at = now()');
  });
});
