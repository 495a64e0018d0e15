import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { TestDatabase } from '@postern/testing';
import { ALL_BUT_THE_CLOCK } from '../../testing/all-but-the-clock.js';
import { problem } from '../../testing/problem.js';
import { commandDatabase, listOf, StartedService } from '../../testing/started-service.js';
import { DecidedLogins } from './decided-logins.js';

let database: TestDatabase;
let service: StartedService;
let acme: string;
let relay: string;
let users = 0;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
  relay = await service.key({ role: 'relay', name: 'mx1' });
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const decide = async (username: string, ip: string, more = {}) =>
  service.call('POST', '/v1/relay/decisions', { key: relay, body: { username, ip, ...more } });
const denialsOf = async (user: string) =>
  (await service.events(`auth-denials/${user.split('/').at(-1)}`)).map(({ data }) => data);

async function restricted(entries: unknown[], mode = 'enforce'): Promise<{ user: string; username: string }> {
  const username = `App-${users++}@acme.example`;
  const user = await service.smtpUser(acme, 'acme', username);
  await service.call('PUT', `${user}/restriction`, {
    key: acme,
    body: { entries, mode },
    headers: { 'if-match': '*' },
  });
  return { user, username };
}

const DENY = { code: 535, enhanced: '5.7.1', text: 'IP not authorized' };
const DEFER = { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' };

describe('a decision by the control plane', () => {
  it('allows an address inside an entry, and shows the entry', async () => {
    const { user, username } = await restricted([{ range: '203.0.113.0/24', note: 'office' }]);
    const { status, body } = await decide(username.toUpperCase(), '::ffff:203.0.113.9');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        decision: 'allow',
        reason: 'entry-matched',
        mode: 'enforce',
        matched: {
          id: expect.any(String),
          range: '203.0.113.0/24',
          typed: '203.0.113.0/24',
          note: 'office',
          addedBy: "acme's admin",
          addedAt: expect.any(String),
          expiresAt: null,
          live: true,
        },
        reply: null,
      },
    });
    expect(await denialsOf(user)).toEqual([]);
  });

  it('denies an address outside, and has it on record by then', async () => {
    const { user, username } = await restricted([{ range: '203.0.113.42' }]);
    const { body } = await decide(username.toLowerCase(), '198.51.100.7');
    expect(body).toEqual({
      decision: 'deny',
      reason: 'ip-not-authorized',
      mode: 'enforce',
      matched: null,
      reply: DENY,
    });
    expect(await service.events(`auth-denials/${user.split('/').at(-1)}`)).toEqual([
      {
        version: 1,
        type: 'AuthDenied',
        tenant_id: 'acme',
        data: {
          denialId: expect.any(String),
          smtpUserId: user.split('/').at(-1),
          username,
          ip: '198.51.100.7',
          occurredAt: expect.stringMatching(/\.\d{3}Z$/),
          relay: 'mx1',
          reason: 'ip-not-authorized',
          mode: 'enforce',
          refused: true,
          count: 1,
        },
        metadata: expect.objectContaining({ actor: { role: 'relay', keyId: relay.split('_')[2], name: 'mx1' } }),
      },
    ]);
  });

  it('lets a mismatch through in report-only, and has it on record as not refused', async () => {
    const { user, username } = await restricted([{ range: '203.0.113.42' }], 'report-only');
    const { body } = await decide(username, '198.51.100.7');
    expect(body).toEqual({
      decision: 'allow',
      reason: 'ip-not-authorized',
      mode: 'report-only',
      matched: null,
      reply: null,
    });
    expect(await denialsOf(user)).toEqual([expect.objectContaining({ mode: 'report-only', refused: false })]);
  });

  it('records nothing of a dry run', async () => {
    const { user, username } = await restricted([{ range: '203.0.113.42' }]);
    expect((await decide(username, '198.51.100.7', { dryRun: true })).body).toMatchObject({ decision: 'deny' });
    expect(await denialsOf(user)).toEqual([]);
  });

  it.each(['nobody@acme.example', '', 'ümlaut', 'nul\u0000', 'a b', '\ud800'])(
    'defers the username %j, which nobody owns',
    async (username) => {
      expect((await decide(username, '198.51.100.7')).body).toEqual({
        decision: 'defer',
        reason: 'smtp-user-unknown',
        mode: null,
        matched: null,
        reply: DEFER,
      });
    },
  );

  it.each(['010.0.0.1', 'not an address', '', 'nul\u0000 and \ud800', 'x'.repeat(1_000)])(
    'never allows the address %.30j, which cannot be read, where there is a restriction',
    async (ip) => {
      const { user, username } = await restricted([{ range: '8.0.0.0/8' }], 'report-only');
      expect((await decide(username, ip)).body).toMatchObject({ decision: 'deny', reason: 'source-ip-invalid' });
      expect(await denialsOf(user)).toEqual([
        expect.objectContaining({ reason: 'source-ip-invalid', refused: true, ip: expect.any(String) }),
      ]);
    },
  );

  it('allows an unrestricted user from anywhere', async () => {
    await service.smtpUser(acme, 'acme', 'open@acme.example');
    expect((await decide('open@acme.example', '2001:db8::1')).body).toEqual({
      decision: 'allow',
      reason: 'unrestricted',
      mode: 'enforce',
      matched: null,
      reply: null,
    });
  });

  it('denies from the instant on at which report-only ends, and records it as refused', async () => {
    const inAnHour = Date.now() + 3_600_000;
    const { user, username } = await restricted([{ range: '203.0.113.42' }]);
    const enforceAt = new Date(inAnHour).toISOString();
    const body = { mode: 'report-only', enforceAt };
    await service.call('PUT', `${user}/restriction/mode`, { key: acme, body });
    const mismatch = { reason: 'ip-not-authorized', matched: null };
    expect((await decide(username, '198.51.100.7')).body).toEqual({
      ...mismatch,
      decision: 'allow',
      mode: 'report-only',
      reply: null,
    });
    jest.useFakeTimers({ now: inAnHour, doNotFake: ALL_BUT_THE_CLOCK });
    try {
      const denied = { ...mismatch, decision: 'deny', mode: 'enforce', reply: DENY };
      expect((await decide(username, '198.51.100.7')).body).toEqual(denied);
      const entries = { entries: [{ range: '203.0.113.43' }] };
      const added = await service.call('POST', `${user}/restriction/entries`, { key: acme, body: entries });
      expect(added.body).toMatchObject({ mode: 'enforce', enforceAt });
    } finally {
      jest.useRealTimers();
    }
    expect(await denialsOf(user)).toEqual([
      expect.objectContaining({ mode: 'report-only', refused: false }),
      expect.objectContaining({ mode: 'enforce', refused: true }),
    ]);
  });

  it('denies once the last entry has expired; it does not open the user', async () => {
    const inAnHour = Date.now() + 3_600_000;
    const expiresAt = new Date(inAnHour).toISOString();
    const { user, username } = await restricted([{ range: '203.0.113.42', expiresAt }]);
    expect((await decide(username, '203.0.113.42')).body).toMatchObject({ decision: 'allow' });
    jest.useFakeTimers({ now: inAnHour, doNotFake: ALL_BUT_THE_CLOCK });
    try {
      const { body } = await decide(username, '203.0.113.42');
      expect(body).toMatchObject({ decision: 'deny', reason: 'no-live-entry' });
      const renewed = await service.call('POST', `${user}/restriction/entries`, {
        key: acme,
        body: { entries: [{ range: '203.0.113.42' }] },
      });
      expect(listOf(renewed.body['entries'])).toHaveLength(1);
      expect((await decide(username, '203.0.113.42')).body).toMatchObject({ decision: 'allow' });
    } finally {
      jest.useRealTimers();
    }
  });

  it('decides each of many logins at once by its own user', async () => {
    const users = await Promise.all(
      Array.from({ length: 20 }, (_, i) => restricted([{ range: `203.0.113.${i + 1}` }])),
    );
    const questions = [...users, ...users].map(({ username }, i) => ({ username, ip: `203.0.113.${(i % 20) + 1}` }));
    const answers = await Promise.all([
      ...questions.map(({ username, ip }) => decide(username, ip)),
      decide('nobody@acme.example', '203.0.113.1'),
    ]);
    expect(answers.map(({ body }) => body['matched']?.['range'] ?? body['reason'])).toEqual([
      ...questions.map(({ ip }) => ip),
      'smtp-user-unknown',
    ]);
  });

  it('decides by the new owner after a username has moved to another tenant', async () => {
    const { user, username } = await restricted([{ range: '203.0.113.42' }]);
    expect((await decide(username, '203.0.113.42')).body).toMatchObject({ decision: 'allow' });
    await service.call('DELETE', user, { key: acme });
    expect((await decide(username, '203.0.113.42')).body).toMatchObject({ reason: 'smtp-user-unknown' });
    const other = await service.tenant('other');
    const taken = await service.smtpUser(other, 'other', username);
    await service.call('PUT', `${taken}/restriction`, {
      key: other,
      body: { entries: [{ range: '198.51.100.7' }], mode: 'enforce' },
      headers: { 'if-match': '*' },
    });
    expect((await decide(username, '203.0.113.42')).body).toMatchObject({ decision: 'deny' });
    expect((await decide(username, '198.51.100.7')).body).toMatchObject({ decision: 'allow' });
  });

  it('refuses what is not a question, and everyone but relays', async () => {
    const answer = await decide('a', '1.1.1.1', { relay: 'mx' });
    expect(answer.body).toEqual(
      problem(422, 'validation-failed', '/relay', [
        { pointer: '/relay', code: 'field-unknown', detail: expect.any(String), suggestions: [] },
      ]),
    );
    for (const key of [acme, service.operatorKey]) {
      const { body } = await service.call('POST', '/v1/relay/decisions', { key, body: { username: 'a', ip: '::1' } });
      expect(body).toEqual(problem(403, 'role-not-allowed', 'This needs a key of the role relay'));
    }
  });
});

describe('logins that the control plane lets through', () => {
  let user: string;
  let username: string;
  beforeEach(async () => {
    username = `app-${users++}@acme.example`;
    user = await service.smtpUser(acme, 'acme', username);
  });

  const login = (
    ip: string,
    { key = relay, headers = {}, ...more }: { key?: string; headers?: object; dryRun?: true } = {},
  ) => service.call('POST', '/v1/relay/decisions', { key, body: { username, ip, ...more }, headers: { ...headers } });
  const sources = () =>
    service.sql(`SELECT host(address) AS ip, logins::int, relays, entry_id AS "entryId", tenant_id AS "tenantId"
         FROM logins.sources WHERE smtp_user_id = '${user.split('/').at(-1)}' ORDER BY address`);
  const store = () => service.app.get(DecidedLogins).store();
  const source = (ip: string, logins: number, more = {}) => ({
    ip,
    logins,
    relays: ['mx1'],
    entryId: null,
    tenantId: 'acme',
    ...more,
  });

  it('are counted by address, with the entry that let them in; denials, dry runs and repeats are not', async () => {
    const headers = { 'idempotency-key': newId() };
    await login('203.0.113.9', { headers });
    await login('203.0.113.9', { headers });
    await login('::ffff:203.0.113.9');
    await login('2001:DB8::1');
    await login('2001:db8::2', { dryRun: true });
    await login('not an address');
    const { body } = await service.call('PUT', `${user}/restriction`, {
      key: acme,
      body: { entries: [{ range: '198.51.100.0/24' }], mode: 'enforce' },
      headers: { 'if-match': '*' },
    });
    await login('198.51.100.7');
    await login('192.0.2.1');
    await store();
    const entryId = (body['entries'] as unknown as { id: string }[])[0]?.id;
    expect(await sources()).toEqual([
      source('198.51.100.7', 1, { entryId }),
      source('203.0.113.9', 2),
      source('2001:db8::1', 1),
    ]);
  });

  it('are also counted if only report-only lets them through', async () => {
    await service.call('PUT', `${user}/restriction`, {
      key: acme,
      body: { entries: [{ range: '198.51.100.0/24' }], mode: 'report-only' },
      headers: { 'if-match': '*' },
    });
    await login('192.0.2.1');
    await store();
    expect(await sources()).toEqual([source('192.0.2.1', 1)]);
  });

  it('are stored for each relay', async () => {
    await login('203.0.113.9');
    await login('203.0.113.9', { key: await service.key({ role: 'relay', name: 'mx2' }) });
    await store();
    expect(await sources()).toEqual([source('203.0.113.9', 2, { relays: ['mx1', 'mx2'] })]);
    const relays = await service.sql('SELECT relay FROM logins.reporters ORDER BY relay');
    expect(relays).toEqual([{ relay: 'mx1' }, { relay: 'mx2' }]);
  });

  it('wait while the database does not store them, and are counted once then', async () => {
    await login('203.0.113.9');
    await service.sql('ALTER TABLE logins.overflow RENAME TO gone');
    await store();
    await login('203.0.113.9');
    await store();
    expect(await sources()).toEqual([]);
    await service.sql('ALTER TABLE logins.gone RENAME TO overflow');
    await store();
    await store();
    await store();
    expect(await sources()).toEqual([source('203.0.113.9', 2)]);
  });

  it('are stored when the service stops', async () => {
    const other = await StartedService.on(database.url, service.operatorKey);
    const url = '/v1/relay/decisions';
    await other.call('POST', url, { key: relay, body: { username, ip: '203.0.113.9' } });
    await other.stop();
    expect(await sources()).toEqual([source('203.0.113.9', 1)]);
  });
});
