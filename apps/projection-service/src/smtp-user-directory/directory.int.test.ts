import { recorded, UserStory, until } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type TenantId } from '@postern/contracts';
import { inTenant, openDataSource } from '@postern/database';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';
import { directoryModel } from './directory-model.js';

let world: World;
let service: RunningApp;
let admin: string;
let otherTenant: string;
let acme: TenantId;

const EXPIRED = '2026-01-02T00:00:00.000Z';
const app = new UserStory()
  .registered('App@acme.example')
  .restricted('203.0.113.0/24')
  .restricted('198.51.100.7', EXPIRED);
const reports = new UserStory().registered('reports@acme.example').restricted('203.0.113.9').mode('report-only');
const open = new UserStory().registered('open@acme.example');
const gone = new UserStory().registered('gone@acme.example').restricted('203.0.113.1').removed();
const theirs = new UserStory('other' as TenantId).registered('app@other.example').restricted('203.0.113.0/24');

beforeAll(async () => {
  world = await createWorld();
  acme = await world.newTenant('acme');
  await world.newTenant('other');
  admin = await world.newKey('admin', 'acme');
  otherTenant = await world.newKey('admin', 'other');
  for (const story of [app, reports, open, gone, theirs]) await world.append(story.history);
  service = await world.start();
  await until(async () => (await get('/health/ready', '')).status === 200, 'readiness');
});
afterAll(() => world.end());

async function get(path: string, key = admin, headers: Record<string, string> = {}) {
  const answer = await service.app.inject({ url: path, headers: { ...headers, authorization: `Bearer ${key}` } });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
}
const users = '/v1/tenants/acme/smtp-users';

describe('the directory', () => {
  it('shows an SMTP user with its restriction, and which entries are live now', async () => {
    const { status, headers, body } = await get(`${users}/${app.smtpUserId}`);
    expect([status, headers['etag']]).toEqual([200, '"3"']);
    expect(body).toEqual({
      id: app.smtpUserId,
      tenantId: 'acme',
      username: 'App@acme.example',
      createdAt: '2026-01-01T00:00:00.000Z',
      restriction: {
        restricted: true,
        mode: 'enforce',
        enforceAt: null,
        version: 3,
        entries: [
          {
            id: app.entryIds[0],
            range: '203.0.113.0/24',
            typed: '203.0.113.0/24',
            note: null,
            addedBy: 'test',
            addedAt: '2026-01-01T00:00:00.000Z',
            expiresAt: null,
            live: true,
          },
          expect.objectContaining({ id: app.entryIds[1], range: '198.51.100.7', expiresAt: EXPIRED, live: false }),
        ],
        warnings: [],
      },
    });
  });

  it('shows a restriction under its version', async () => {
    const { status, headers, body } = await get(`${users}/${reports.smtpUserId}/restriction`);
    expect([status, headers['etag']]).toEqual([200, '"3"']);
    expect(body).toMatchObject({
      restricted: true,
      mode: 'report-only',
      version: 3,
      entries: [{ range: '203.0.113.9' }],
    });
  });

  it.each([
    ['a removed one', () => `${users}/${gone.smtpUserId}`],
    ['one of another tenant', () => `${users}/${theirs.smtpUserId}`],
    ['one that never was', () => `${users}/${newId()}`],
    ['an id that is no UUID', () => `${users}/nobody`],
    ['the restriction of a removed one', () => `${users}/${gone.smtpUserId}/restriction`],
  ])('finds no SMTP user for %s', async (_, path) => {
    const { status, body } = await get(path());
    expect(status).toBe(404);
    expect(body).toEqual({
      type: 'urn:postern:problem:smtp-user-not-found',
      title: 'There is no such SMTP user',
      status: 404,
      detail: expect.any(String),
      code: 'smtp-user-not-found',
      requestId: expect.any(String),
      errors: [],
    });
  });

  it('is closed to other tenants’ keys and to relays, and open to auditors and operators', async () => {
    const path = `${users}/${app.smtpUserId}`;
    expect(await get(path, otherTenant)).toMatchObject({ status: 404, body: { code: 'tenant-not-found' } });
    expect(await get(path, await world.newKey('relay'))).toMatchObject({
      status: 404,
      body: { code: 'tenant-not-found' },
    });
    for (const key of [await world.newKey('auditor', 'acme'), await world.newKey('operator')]) {
      expect((await get(path, key)).status).toBe(200);
    }
  });

  it('a query without a tenant condition sees only the tenant’s rows, and none without a tenant', async () => {
    const reader = await openDataSource(world.database.url, 'postern_directory_reader', { poolSize: 1 });
    const all = 'SELECT tenant_id FROM projection.smtp_users';
    expect(await reader.query(all)).toEqual([]);
    const seen = await inTenant(reader, acme, (m) => m.query<{ tenant_id: string }[]>(all));
    expect(new Set(seen.map((row) => row.tenant_id))).toEqual(new Set(['acme']));
    await expect(reader.query('UPDATE projection.smtp_users SET removed = true')).rejects.toThrow('permission denied');
    await reader.destroy();
  });

  it('waits for the version that it is asked for, and says when it has not come', async () => {
    const story = new UserStory()
      .registered('min-version@acme.example')
      .restricted('203.0.113.1')
      .restricted('203.0.113.2');
    const path = `${users}/${story.smtpUserId}/restriction`;
    const pending = get(path, admin, { 'postern-min-version': '3' });
    await world.append(story.history);
    expect(await pending).toMatchObject({ status: 200, body: { version: 3 } });
    expect(await get(path, admin, { 'postern-min-version': '99' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: {
        code: 'read-side-behind',
        detail: 'Version 99 cannot be read yet; the latest is 3. Send the request again after Retry-After.',
      },
    });
    expect(await get(path, admin, { 'postern-min-version': 'x' })).toMatchObject({
      status: 422,
      body: { code: 'validation-failed' },
    });
    // The alert that the database is away is made of this count.
    expect((await service.app.inject('/metrics')).payload).toMatch(/^postern_database_failures_total 0$/m);
  });

  it('applied again and again, a batch changes nothing', async () => {
    const writer = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
    const story = new UserStory()
      .registered('again@acme.example')
      .restricted('203.0.113.1')
      .cleared()
      .renamed('b@acme.example')
      .removed();
    const events = recorded(story.history);
    const row = () => writer.query('SELECT *, xmin::text FROM projection.smtp_users WHERE id = $1', [story.smtpUserId]);
    await writer.transaction((m) => directoryModel.write(m, events));
    const once = await row();
    expect(once).toMatchObject([{ username: 'b@acme.example', removed: true, version: 5 }]);
    for (let again = 0; again < 3; again++) await writer.transaction((m) => directoryModel.write(m, events));
    for (const event of events) await writer.transaction((m) => directoryModel.write(m, [event]));
    expect(await row()).toEqual(once);
    await expect(
      writer.transaction((m) =>
        directoryModel.write(m, recorded(new UserStory().registered('x').cleared().history).slice(1)),
      ),
    ).rejects.toThrow(/Event 2 of .* only 0 were applied/);
    await writer.destroy();
  });
});
