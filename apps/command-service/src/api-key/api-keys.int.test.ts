import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openClient, until, type TestDatabase } from '@postern/testing';
import type { Client } from 'pg';
import { problem } from '../../testing/problem.js';
import { commandDatabase, listOf, StartedService } from '../../testing/started-service.js';
import { OPERATOR_KEYS_LOCK } from './api-keys.js';

let database: TestDatabase;
let service: StartedService;
let admin: string;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
  admin = await service.tenant('acme');
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

describe('issuing an API key', () => {
  it.each(['relay', 'operator'])('shows a new %s key once; only its hash is kept', async (role) => {
    const { status, body } = await service.call('POST', '/v1/api-keys', {
      key: service.operatorKey,
      body: { role, name: 'mx1' },
    });
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.any(String),
        role,
        name: 'mx1',
        key: expect.stringMatching(new RegExp(`^pst_${role}_${String(body['id'])}_[0-9a-f]{48}$`)),
        createdAt: expect.stringMatching(/\.\d{3}Z$/),
      },
    });
    const secretHash = createHash('sha256').update(String(body['key'])).digest('hex');
    expect(await service.events(`api-key/${String(body['id'])}`)).toEqual([
      expect.objectContaining({
        type: 'ApiKeyIssued',
        tenant_id: null,
        data: { keyId: body['id'], tenantId: null, role, name: 'mx1', secretHash },
      }),
    ]);
  });

  it('lets an admin make keys of the own tenant, which work there at once', async () => {
    const { status, body } = await service.call('POST', '/v1/tenants/acme/api-keys', {
      key: admin,
      body: { role: 'admin', name: 'ci' },
    });
    expect(status).toBe(201);
    await service.smtpUser(String(body['key']), 'acme', 'by-ci@acme.example');
  });

  it.each([
    ['/v1/api-keys', { role: 'admin', name: 'x' }, '/role'],
    ['/v1/tenants/acme/api-keys', { role: 'operator', name: 'x' }, '/role'],
    ['/v1/tenants/acme/api-keys', { role: 'relay', name: 'x' }, '/role'],
    ['/v1/tenants/acme/api-keys', { role: 'admin', name: 'x'.repeat(201) }, '/name'],
  ])('refuses at %s the body %j', async (url, body, pointer) => {
    const answer = await service.call('POST', url, { key: service.operatorKey, body });
    expect(answer.body).toEqual(
      problem(422, 'validation-failed', pointer, [
        { pointer, code: 'validation-failed', detail: expect.any(String), suggestions: [] },
      ]),
    );
  });

  it('is refused to those whose role does not allow it', async () => {
    const auditor = await service.key({ role: 'auditor', name: 'audit' }, 'acme');
    const relay = await service.key({ role: 'relay', name: 'mx' });
    const body = { role: 'admin', name: 'more' };
    expect((await service.call('POST', '/v1/tenants/acme/api-keys', { key: auditor, body })).body).toEqual(
      problem(403, 'role-not-allowed', 'operator or admin'),
    );
    expect((await service.call('POST', '/v1/tenants/acme/api-keys', { key: relay, body })).body).toEqual(
      problem(404, 'tenant-not-found', 'There is no such tenant'),
    );
    expect(
      (await service.call('POST', '/v1/api-keys', { key: admin, body: { role: 'operator', name: 'x' } })).body,
    ).toEqual(problem(403, 'role-not-allowed', 'operator'));
    expect((await service.call('POST', '/v1/api-keys', { body })).body).toEqual(
      problem(401, 'api-key-missing', 'Authorization: Bearer'),
    );
    expect(
      (await service.call('POST', '/v1/tenants/nobody/api-keys', { key: service.operatorKey, body })).body,
    ).toEqual(problem(404, 'tenant-not-found', 'There is no such tenant'));
  });
});

describe('the list of API keys', () => {
  const list = (url: string, key: string) => service.call('GET', url, { key });

  it('goes page by page, newest first, and shows no key', async () => {
    const owner = await service.tenant('pages');
    for (const name of ['a', 'b', 'c', 'd']) await service.key({ role: 'auditor', name }, 'pages');
    const names: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await list(`/v1/tenants/pages/api-keys?limit=2${cursor}`, owner);
      names.push(...listOf(body['items']).map((item) => item['name']));
      cursor = body['nextCursor'] ? `&cursor=${String(body['nextCursor'])}` : '';
    } while (cursor !== '');
    expect(names).toEqual(['d', 'c', 'b', 'a', "pages's admin"]);
    const { body } = await list('/v1/tenants/pages/api-keys?limit=1', owner);
    expect(listOf(body['items'])[0]).toEqual({
      id: expect.any(String),
      role: 'auditor',
      name: 'd',
      createdAt: expect.stringMatching(/\.\d{3}Z$/),
      lastUsedAt: null,
      revokedAt: null,
    });
  });

  it('has a tenant’s keys apart from those of no tenant', async () => {
    const own = await list('/v1/api-keys', service.operatorKey);
    expect(new Set(listOf(own.body['items']).map((item) => item['role']))).toEqual(new Set(['operator', 'relay']));
    const acme = await list('/v1/tenants/acme/api-keys', service.operatorKey);
    expect(new Set(listOf(acme.body['items']).map((item) => item['role']))).toEqual(new Set(['admin', 'auditor']));
  });

  it.each([
    ['limit=0', '?limit', 'validation-failed'],
    ['limit=501', '?limit', 'validation-failed'],
    ['limit=1e2', '?limit', 'validation-failed'],
    ['cursor=nonsense', '?cursor', 'validation-failed'],
    [`cursor=${Buffer.from('["x","y"]').toString('base64url')}`, '?cursor', 'validation-failed'],
    ['order=asc', '?order', 'field-unknown'],
  ])('refuses ?%s', async (query, pointer, code) => {
    const answer = await list(`/v1/api-keys?${query}`, service.operatorKey);
    expect(answer.body).toEqual(
      problem(422, 'validation-failed', pointer, [{ pointer, code, detail: expect.any(String), suggestions: [] }]),
    );
  });
});

describe('the list of tenants', () => {
  it('goes page by page, by id, only for operators', async () => {
    for (const id of ['t-3', 't-1', 't-2']) await service.tenant(id);
    const first = await service.call('GET', '/v1/tenants?limit=2', { key: service.operatorKey });
    expect(first.body).toEqual({
      items: [
        { id: 'acme', name: 'acme', createdAt: expect.any(String) },
        { id: 'pages', name: 'pages', createdAt: expect.any(String) },
      ],
      nextCursor: expect.any(String),
    });
    const rest = await service.call('GET', `/v1/tenants?cursor=${String(first.body['nextCursor'])}`, {
      key: service.operatorKey,
    });
    expect(listOf(rest.body['items']).map((item) => item['id'])).toEqual(['t-1', 't-2', 't-3']);
    expect(rest.body['nextCursor']).toBeNull();
    expect((await service.call('GET', '/v1/tenants', { key: admin })).body).toEqual(
      problem(403, 'role-not-allowed', 'operator'),
    );
  });
});

describe('the pages', () => {
  it('of API keys, walked while keys are issued and revoked skip none and repeat none', async () => {
    const owner = await service.tenant('busy');
    for (const name of ['a', 'b', 'c', 'd']) await service.key({ role: 'auditor', name }, 'busy');
    const names: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await service.call('GET', `/v1/tenants/busy/api-keys?limit=2${cursor}`, { key: owner });
      names.push(...listOf(body['items']).map((item) => item['name']));
      cursor = body['nextCursor'] ? `&cursor=${String(body['nextCursor'])}` : null;
      await service.key({ role: 'auditor', name: 'later' }, 'busy');
      const last = listOf(body['items']).at(-1);
      if (String(last?.['name']) !== "busy's admin")
        await service.call('DELETE', `/v1/tenants/busy/api-keys/${String(last?.['id'])}`, { key: owner });
    }
    expect(names).toEqual(['d', 'c', 'b', 'a', "busy's admin"]);
  });

  it('of tenants skip none and repeat none while tenants are created before and after the position', async () => {
    const there = ['w-1', 'w-3', 'w-5', 'w-7'];
    for (const id of there) await service.tenant(id);
    const ids: string[] = [];
    let made = 0;
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await service.call('GET', `/v1/tenants?limit=2${cursor}`, { key: service.operatorKey });
      ids.push(...listOf(body['items']).map((item) => String(item['id'])));
      cursor = body['nextCursor'] ? `&cursor=${String(body['nextCursor'])}` : null;
      if (made < 8) await service.tenant(`w-0${(made += 1)}`);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => there.includes(id))).toEqual(there);
  });
});

const keyId = (key: string) => key.split('_')[2] ?? '';
const revoke = (key: string, url: string) => service.call('DELETE', url, { key });
const create = (key: string) => service.call('POST', '/v1/tenants', { key, body: { name: 'Any' } });

async function useForASecond(key: string): Promise<void> {
  const end = performance.now() + 1_000;
  while (performance.now() < end) {
    await create(key);
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('revoking an API key', () => {
  it('takes effect within a second, also for a key in constant use, and is recorded', async () => {
    const key = await service.key({ role: 'operator', name: 'leaver' });
    expect((await create(key)).status).toBe(201);
    const { status, body } = await revoke(service.operatorKey, `/v1/api-keys/${keyId(key)}`);
    expect({ status, body }).toEqual({ status: 204, body: null });
    await useForASecond(key);
    expect((await create(key)).body).toEqual(problem(401, 'api-key-invalid', 'unknown or revoked'));
    const events = await service.events(`api-key/${keyId(key)}`);
    expect(events.map(({ type }) => type)).toEqual(['ApiKeyIssued', 'ApiKeyRevoked']);
  });

  it('is done once, however often and by however many it is asked', async () => {
    const key = await service.key({ role: 'relay', name: 'mx1' });
    const url = `/v1/api-keys/${keyId(key)}`;
    const answers = await Promise.all(Array.from({ length: 6 }, () => revoke(service.operatorKey, url)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204, 204]);
    expect((await revoke(service.operatorKey, url)).status).toBe(204);
    expect(await service.events(`api-key/${keyId(key)}`)).toHaveLength(2);
  });

  it('finds only keys of the place that the path names', async () => {
    const other = await service.tenant('other');
    const relay = await service.key({ role: 'relay', name: 'mx2' });
    const notFound = problem(404, 'api-key-not-found', 'There is no API key with this id here.');
    for (const [key, url] of [
      [admin, `/v1/tenants/acme/api-keys/${keyId(other)}`],
      [admin, `/v1/tenants/acme/api-keys/${keyId(relay)}`],
      [service.operatorKey, `/v1/api-keys/${keyId(admin)}`],
      [service.operatorKey, '/v1/api-keys/no-such-key'],
      [service.operatorKey, `/v1/api-keys/${'x'.repeat(200)}`],
    ] as const) {
      expect((await revoke(key, url)).body).toEqual(notFound);
    }
    // An encoded NUL is in no path of the API.
    expect((await revoke(service.operatorKey, '/v1/api-keys/%00')).body).toEqual(
      problem(404, 'route-not-found', 'No path of the API has'),
    );
    expect((await revoke(admin, `/v1/tenants/other/api-keys/${keyId(other)}`)).body).toEqual(
      problem(404, 'tenant-not-found', 'There is no such tenant, or it is not yours.'),
    );
    expect(
      await service.sql('SELECT id FROM access.api_keys WHERE id = ANY ($1) AND revoked_at IS NOT NULL', [
        [keyId(other), keyId(relay), keyId(admin)],
      ]),
    ).toEqual([]);
  });

  it('lets an admin end keys of the own tenant, the own one too', async () => {
    const admin = await service.tenant('leaving');
    const auditor = await service.key({ role: 'auditor', name: 'audit' }, 'leaving');
    expect((await revoke(admin, `/v1/tenants/leaving/api-keys/${keyId(auditor)}`)).status).toBe(204);
    expect((await revoke(admin, `/v1/tenants/leaving/api-keys/${keyId(admin)}`)).status).toBe(204);
  });

  describe('keeps one live operator key', () => {
    let database: TestDatabase;
    let service: StartedService;
    beforeEach(async () => {
      database = await commandDatabase();
      service = await StartedService.on(database.url);
    });
    afterEach(async () => {
      await service.stop();
      await database.drop();
    });

    const end = (key: string, other: string) => service.call('DELETE', `/v1/api-keys/${keyId(other)}`, { key });
    const expectLast = async (key: string) => {
      expect((await end(key, key)).body).toEqual(
        problem(409, 'last-operator-key', 'This is the last operator key that is not revoked.'),
      );
      expect(await service.events(`api-key/${keyId(key)}`)).toHaveLength(1);
    };

    it('where two that are both proved end each other at the same moment', async () => {
      const [a, b] = [service.operatorKey, await service.key({ role: 'operator', name: 'second' })];
      const hold = await openClient(database.url);
      await hold.query('SELECT pg_advisory_lock($1)', [OPERATOR_KEYS_LOCK]);
      const ending = Promise.all([end(a, b), end(b, a)]);
      // Both have proved their keys when their transactions wait, whose first statement is behind that.
      await untilWaiting(hold, 2).finally(() => hold.end());
      const answers = await ending;
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      await expectLast(answers[0].status === 204 ? a : b);
    });

    it('where one was ended before it could prove its key: it ends nobody any more', async () => {
      const [a, b] = [service.operatorKey, await service.key({ role: 'operator', name: 'second' })];
      expect((await end(a, b)).status).toBe(204);
      expect((await end(b, a)).body).toEqual(problem(401, 'api-key-invalid', 'unknown or revoked'));
      await expectLast(a);
    });
  });
});

async function untilWaiting(client: Client, sessions: number): Promise<void> {
  const waiting = () =>
    client.query(
      `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`,
    );
  await until(waiting, `${sessions} sessions that wait`, ({ rows }) => rows.length >= sessions);
}
