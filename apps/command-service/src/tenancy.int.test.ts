import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../testing/problem.js';
import { commandDatabase, listOf, StartedService } from '../testing/started-service.js';

let database: TestDatabase;
let service: StartedService;
let mallory: string;
let relay: string;
let victim: string;
let entry: string;
let victimKeyId: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  const alice = await service.tenant('alice');
  mallory = await service.tenant('mallory');
  relay = await service.key({ role: 'relay', name: 'mx1' });
  victim = await service.smtpUser(alice, 'alice', 'app@alice.example');
  const { body } = await service.call('POST', `${victim}/restriction/entries`, {
    key: alice,
    body: { entries: [{ range: '192.0.2.1' }, { range: '192.0.2.2' }] },
  });
  entry = String(listOf(body['entries'])[0]?.['id']);
  victimKeyId = alice.split('_')[2] ?? '';
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const everything = () =>
  service.sql(`
    SELECT count(*)::int AS rows FROM journal.events
    UNION ALL SELECT count(*)::int FROM access.api_keys WHERE revoked_at IS NULL
    UNION ALL SELECT count(*)::int FROM access.usernames WHERE released_at IS NULL`);

const entries = [{ range: '198.51.100.0/24' }];
type Attempt = [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', below: string, body: unknown];

/** Every route of this service that has a tenant in its path. */
const ROUTES: Attempt[] = [
  ['GET', '/api-keys', null],
  ['POST', '/api-keys', { role: 'admin', name: 'back door' }],
  ['DELETE', '/api-keys/{key}', null],
  ['GET', '/reply', null],
  ['PUT', '/reply', { text: 'taken over', helpUrl: null, opaque: false }],
  ['POST', '/smtp-users', { username: 'planted@alice.example' }],
  ['PATCH', '/smtp-users/{user}', { username: 'stolen@mallory.example' }],
  ['DELETE', '/smtp-users/{user}', null],
  ['POST', '/smtp-users/{user}/restriction/entries', { entries }],
  ['DELETE', '/smtp-users/{user}/restriction/entries/{entry}', null],
  ['PUT', '/smtp-users/{user}/restriction', { entries }],
  ['PUT', '/smtp-users/{user}/restriction/mode', { mode: 'report-only' }],
  ['DELETE', '/smtp-users/{user}/restriction', null],
];

describe('another tenant’s admin', () => {
  const fill = (path: string) =>
    path
      .replace('{user}', victim.split('/').at(-1) ?? '')
      .replace('{entry}', entry)
      .replace('{key}', victimKeyId);

  it.each(ROUTES)('meets no tenant at %s …%s, and changes nothing', async (method, below, body) => {
    const before = await everything();
    const url = `/v1/tenants/alice${fill(below)}`;
    for (const key of [mallory, relay]) {
      const answer = await service.call(method, url, {
        key,
        headers: { 'if-match': '*' },
        ...(body === null ? {} : { body }),
      });
      expect(answer.body).toEqual(problem(404, 'tenant-not-found', 'There is no such tenant, or it is not yours.'));
    }
    expect(await everything()).toEqual(before);
  });

  it.each(ROUTES.filter(([, below]) => below.includes('{')))(
    'finds nothing of it below the own tenant at %s …%s, even while its state is in memory',
    async (method, below, body) => {
      const before = await everything();
      const url = `/v1/tenants/mallory${fill(below)}`;
      const answer = await service.call(method, url, {
        key: mallory,
        headers: { 'if-match': '*' },
        ...(body === null ? {} : { body }),
      });
      const code = below.includes('{key}') ? 'api-key-not-found' : 'smtp-user-not-found';
      expect(answer.body).toEqual(problem(404, code, 'There is no'));
      expect(await everything()).toEqual(before);
    },
  );

  it('sees none of its keys in the own list', async () => {
    const { body } = await service.call('GET', '/v1/tenants/mallory/api-keys', { key: mallory });
    expect(listOf(body['items']).map((item) => item['name'])).toEqual(["mallory's admin"]);
  });

  it('is kept out by the database too, if a WHERE is missing', async () => {
    const { inTenant } = await import('@postern/database');
    const seen = await inTenant(service.dataSource('postern_command'), 'mallory', (manager) =>
      manager.query<{ tenant_id: string }[]>(`
        SELECT tenant_id FROM journal.events UNION SELECT tenant_id FROM access.usernames
        UNION SELECT tenant_id FROM access.tenants
        UNION SELECT tenant_id FROM (SELECT id, tenant_id FROM access.api_keys) keys`),
    );
    expect(seen).toEqual([{ tenant_id: 'mallory' }]);
  });
});
