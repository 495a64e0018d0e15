import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, listOf, StartedService } from '../../testing/started-service.js';

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
