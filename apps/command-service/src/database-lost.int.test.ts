import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { NetworkPath, type TestDatabase, openClient } from '@postern/testing';
import type pg from 'pg';
import { problem } from '../testing/problem.js';
import { commandDatabase, StartedService, type Answer } from '../testing/started-service.js';

let database: TestDatabase;
let path: NetworkPath;
/** Reaches the database by the path. */
let far: StartedService;
/** Reaches it directly. */
let near: StartedService;
let acme: string;
let owner: pg.Client;
let users = 0;

beforeAll(async () => {
  database = await commandDatabase();
  const by = await NetworkPath.to(database.url);
  path = by.path;
  far = await StartedService.on(by.url);
  near = await StartedService.on(database.url, far.operatorKey);
  acme = await far.tenant('acme');
  owner = await openClient(database.url);
});
afterEach(() => path.heal());
afterAll(async () => {
  await far.stop();
  await near.stop();
  await owner.end();
  await path.close();
  await database.drop();
});

const newUser = () => far.smtpUser(acme, 'acme', `user-${users++}@acme.example`);
const replace = (service: StartedService, user: string, range: string, headers: Record<string, string> = {}) =>
  service.call('PUT', `${user}/restriction`, {
    key: acme,
    body: { entries: [{ range }] },
    headers: { 'if-match': '*', ...headers },
  });
/** The ranges that were ever put on the list, in the order of the journal. */
const ranges = async (user: string) => {
  const { rows } = await owner.query<{ range: string }>(
    `SELECT entry ->> 'range' AS range FROM journal.events, jsonb_array_elements(data -> 'entries') entry
      WHERE stream_id = $1 AND type = 'RestrictionAdded' ORDER BY version`,
    [`smtp-user/${user.split('/').at(-1)}`],
  );
  return rows.map(({ range }) => range);
};
const TYPES = ['TenantCreated', 'ApiKeyIssued', 'SmtpUserRegistered', 'AuthDenied'];
const counts = async () => {
  const { rows } = await owner.query(
    'SELECT type, count(*) FROM journal.events WHERE type = ANY ($1) GROUP BY type ORDER BY type',
    [TYPES],
  );
  return rows;
};
const given503 = (answers: readonly Answer[]) =>
  expect(answers.map(({ body }) => body)).toEqual(answers.map(() => problem(503, 'not-ready', '')));
/** The pool is full, so that every write finds a connection that is open, and the keys were just looked up. */
const makeReady = async () => {
  const connections = Array.from({ length: 6 }, () => far.dataSource('postern_journal_writer').createQueryRunner());
  await Promise.all(connections.map((each) => each.connect()));
  await Promise.all(connections.map((each) => each.release()));
  await far.call('GET', '/v1/tenants/acme/api-keys', { key: acme });
  await far.call('GET', '/v1/tenants', { key: far.operatorKey });
};

describe('while the database is gone', () => {
  let relay: string;
  let user: string;
  beforeAll(async () => {
    relay = await far.key({ role: 'relay', name: 'mx1' });
    user = await far.smtpUser(acme, 'acme', 'app@acme.example');
  });

  let octet = 0;
  const denial = {
    id: newId(),
    username: 'app@acme.example',
    ip: '192.0.2.1',
    occurredAt: new Date().toISOString(),
    relay: 'mx1',
    reason: 'ip-not-authorized',
    mode: 'enforce',
    count: 1,
  };
  const writes: [string, () => Promise<Answer>][] = [
    [
      'adding an entry',
      () =>
        far.call('POST', `${user}/restriction/entries`, {
          key: acme,
          body: { entries: [{ range: `192.0.2.${octet++}` }] },
        }),
    ],
    [
      'registering',
      () => far.call('POST', '/v1/tenants/acme/smtp-users', { key: acme, body: { username: `${newId()}@x` } }),
    ],
    [
      'a decision',
      () => far.call('POST', '/v1/relay/decisions', { key: relay, body: { username: 'app@acme.example', ip: '::1' } }),
    ],
    ['a report', () => far.call('POST', '/v1/relay/auth-denials', { key: relay, body: { denials: [denial] } })],
    ['a list', () => far.call('GET', '/v1/tenants', { key: far.operatorKey })],
  ];

  async function databaseFailures(): Promise<number> {
    const { payload } = await far.app.inject('/metrics');
    return Number(/^postern_database_failures_total (\d+)$/m.exec(payload)?.[1]);
  }

  it('every call gets 503 with Retry-After; when the database is back, all work again without a restart', async () => {
    for (const [name, write] of writes) expect([name, (await write()).status < 300]).toEqual([name, true]);
    // Keys were just looked up: what is refused first is the write itself.
    await path.close();
    const failuresBefore = await databaseFailures();
    for (let round = 0; round < 3; round++) {
      for (const [name, write] of writes) {
        const answer = await write();
        expect([name, answer.headers['retry-after'], answer.body]).toEqual([name, '1', problem(503, 'not-ready', '')]);
      }
      await new Promise((done) => setTimeout(done, 400));
    }
    expect((await far.call('GET', '/health/live')).status).toBe(200);
    expect((await far.call('GET', '/health/ready')).body).toMatchObject({
      status: 503,
      code: 'not-ready',
      missing: { journal: expect.any(String) },
    });
    // Each of the calls, and neither of the probes.
    expect((await databaseFailures()) - failuresBefore).toBe(3 * writes.length);
    await path.open();
    for (const [name, write] of writes) expect([name, (await write()).status < 300]).toEqual([name, true]);
    expect((await far.call('GET', '/health/ready')).status).toBe(200);
  });

  it('a write that was under way is answered too, and not acknowledged unless it is there', async () => {
    const writing = Promise.all(Array.from({ length: 20 }, () => writes[0]?.[1]()));
    await new Promise((done) => setImmediate(done));
    await path.close();
    const answers = await writing;
    await path.open();
    const kept = await far.sql<{ range: string }>(
      `SELECT e ->> 'range' AS range FROM journal.events, jsonb_array_elements(data -> 'entries') e WHERE type = 'RestrictionAdded'`,
    );
    for (const answer of answers) {
      expect([201, 503]).toContain(answer?.status);
      const ranges = JSON.stringify(answer?.body['entries'] ?? []);
      for (const [, range] of ranges.matchAll(/"range":"([^"]+)"/g)) expect(kept).toContainEqual({ range });
    }
  });
});

describe('a write that was answered 503, while the database was cut off without a word', () => {
  it('has no effect after newer ones, however late it arrives', async () => {
    const [plain, repeatable, queued] = [await newUser(), await newUser(), await newUser()];
    const all = [plain, repeatable, queued];
    for (const user of all) expect((await replace(far, user, '192.0.2.1')).status).toBe(200);
    await makeReady();
    path.hold();
    given503(
      await Promise.all([
        replace(far, plain, '192.0.2.2'),
        replace(far, repeatable, '192.0.2.2', { 'idempotency-key': newId() }),
        replace(far, queued, '192.0.2.2'),
        replace(far, queued, '192.0.2.3'),
      ]),
    );
    for (const user of all) expect((await replace(near, user, '192.0.2.4')).status).toBe(200);
    for (const user of all) expect((await replace(near, user, '192.0.2.5')).status).toBe(200);
    await path.heal();
    for (const user of all) {
      expect((await replace(far, user, '192.0.2.6')).status).toBe(200);
      expect(await ranges(user)).toEqual(['192.0.2.1', '192.0.2.4', '192.0.2.5', '192.0.2.6']);
    }
  });

  it('has no effect after its answer, also where nothing was written since', async () => {
    const user = await newUser();
    const relay = await far.key({ role: 'relay', name: 'mx1' });
    expect((await replace(far, user, '192.0.2.1')).status).toBe(200);
    const before = await counts();
    await far.call('POST', '/v1/relay/decisions', {
      key: relay,
      body: { username: 'nobody@x', ip: '::1', dryRun: true },
    });
    await makeReady();
    path.hold();
    given503(
      await Promise.all([
        replace(far, user, '192.0.2.2'),
        far.call('POST', '/v1/tenants', { key: far.operatorKey, body: { id: 'late', name: 'Late' } }),
        far.call('POST', '/v1/api-keys', { key: far.operatorKey, body: { role: 'relay', name: 'late' } }),
        far.call('POST', '/v1/tenants/acme/smtp-users', { key: acme, body: { username: 'late@acme.example' } }),
        far.call('POST', '/v1/relay/decisions', { key: relay, body: { username: 'user-0@acme.example', ip: '::1' } }),
      ]),
    );
    await path.heal();
    expect((await replace(far, user, '192.0.2.3')).status).toBe(200);
    expect(await ranges(user)).toEqual(['192.0.2.1', '192.0.2.3']);
    expect(await counts()).toEqual(before);
  });

  it('is rolled back at its deadline if the commit was lost, and then blocks nobody', async () => {
    const user = await newUser();
    expect((await replace(far, user, '192.0.2.1')).status).toBe(200);
    await makeReady();
    path.holdFromText('COMMIT');
    given503([await replace(far, user, '192.0.2.2', { 'idempotency-key': newId() })]);
    expect((await replace(near, user, '192.0.2.3')).status).toBe(200);
    await path.heal();
    expect((await replace(far, user, '192.0.2.4')).status).toBe(200);
    expect(await ranges(user)).toEqual(['192.0.2.1', '192.0.2.3', '192.0.2.4']);
  });

  it('may have taken effect if only its answer was lost; the one that waited for it has no effect', async () => {
    const early = ['192.0.2.1', '192.0.2.2', '192.0.2.4', '192.0.2.5'];
    const never = early.filter((range) => range !== '192.0.2.2');
    let seen: string[] = [];
    // On a busy machine the key may be looked up again, since that is remembered for half a second: the write then waits for that.
    for (let attempt = 0; seen.length !== early.length; attempt++) {
      expect(attempt).toBeLessThan(5);
      const user = await newUser();
      expect((await replace(far, user, '192.0.2.1')).status).toBe(200);
      await makeReady();
      path.hold('to-client');
      given503(await Promise.all([replace(far, user, '192.0.2.2'), replace(far, user, '192.0.2.3')]));
      expect((await replace(near, user, '192.0.2.4')).status).toBe(200);
      await path.heal();
      expect((await replace(far, user, '192.0.2.5')).status).toBe(200);
      seen = await ranges(user);
      expect([early, never]).toContainEqual(seen);
    }
  });
});

describe('connections that a firewall has dropped', () => {
  it('cost the writes that found them, and no later one', async () => {
    const user = await newUser();
    expect((await replace(far, user, '192.0.2.1')).status).toBe(200);
    await makeReady();
    path.forget();
    given503([await replace(far, user, '192.0.2.2', { 'idempotency-key': newId() })]);
    let answer = await replace(far, user, '192.0.2.3');
    for (let i = 0; i < 10 && answer.status === 503; i++) answer = await replace(far, user, '192.0.2.3');
    expect(answer.status).toBe(200);
    expect((await ranges(user)).at(-1)).toBe('192.0.2.3');
  });
});
