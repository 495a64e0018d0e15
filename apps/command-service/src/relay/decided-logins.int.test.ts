import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { onDatabase, type TestDatabase } from '@postern/testing';
import { commandDatabase, StartedService } from '../../testing/started-service.js';
import { DecidedLogins } from './decided-logins.js';

let database: TestDatabase;
let service: StartedService;
let acme: string;
let relay: string;
let user: string;
let username: string;
let users = 0;

beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  acme = await service.tenant('acme');
  relay = await service.key({ role: 'relay', name: 'mx1' });
});
beforeEach(async () => {
  username = `app-${users++}@acme.example`;
  user = await service.smtpUser(acme, 'acme', username);
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const login = (
  ip: string,
  { key = relay, headers = {}, ...more }: { key?: string; headers?: object; dryRun?: true } = {},
) => service.call('POST', '/v1/relay/decisions', { key, body: { username, ip, ...more }, headers: { ...headers } });
const sql = (text: string) => onDatabase(database.url, async (owner) => (await owner.query<object>(text)).rows);
const sources = () =>
  sql(`SELECT host(address) AS ip, logins::int, relays, entry_id AS "entryId", tenant_id AS "tenantId"
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

describe('logins that the control plane lets through', () => {
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
    const relays = await sql('SELECT relay FROM logins.reporters ORDER BY relay');
    expect(relays).toEqual([{ relay: 'mx1' }, { relay: 'mx2' }]);
  });

  it('wait while the database does not store them, and are counted once then', async () => {
    await login('203.0.113.9');
    await sql('ALTER TABLE logins.overflow RENAME TO gone');
    await store();
    await login('203.0.113.9');
    await store();
    expect(await sources()).toEqual([]);
    await sql('ALTER TABLE logins.gone RENAME TO overflow');
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
