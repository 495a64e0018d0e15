import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asking, type Ask, until } from '@postern/testing';
import { startPostern, type StartedPostern } from './testing/started-postern.js';

let postern: StartedPostern;
let operator: Ask;
let url: string;

beforeAll(async () => {
  postern = await startPostern();
  ({ url, operator } = postern);
});
afterAll(() => postern?.end());

/** The changes of a path, newest first, once there are so many. */
async function changes(ask: Ask, path: string, count: number): Promise<Record<string, unknown>[]> {
  const listed = async () => {
    const { status, body } = await ask('GET', path);
    expect(status).toBe(200);
    return body.items;
  };
  return until(listed, `${count} changes at ${path}`, ({ length }) => length >= count);
}

describe('the trail of changes', () => {
  it('says who made a tenant and who issued and revoked its keys, by which request, and names the keys', async () => {
    await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme Ltd' }, { 'x-request-id': 'make-acme' });
    const issue = (ask: Ask, role: string, name: string) =>
      ask('POST', '/v1/tenants/acme/api-keys', { role, name }, { 'x-request-id': `issue-${name}` });
    const admin = (await issue(operator, 'admin', 'platform')).body;
    const asAdmin = asking(url, admin.key);
    const auditor = (await issue(asAdmin, 'auditor', 'audit')).body;
    await asAdmin('DELETE', `/v1/tenants/acme/api-keys/${auditor.id}`, undefined, { 'x-request-id': 'revoke' });
    const items = await changes(asAdmin, '/v1/tenants/acme/changes', 4);
    const byAdmin = { role: 'admin', keyId: admin.id, name: 'platform' };
    const byOperator = { role: 'operator', keyId: expect.any(String), name: 'first start' };
    const rest = {
      eventId: expect.any(String),
      occurredAt: expect.stringMatching(/\.\d{3}Z$/),
      smtpUserId: null,
      username: null,
    };
    const auditorKey = { keyId: auditor.id, role: 'auditor', name: 'audit' };
    const adminKey = { keyId: admin.id, role: 'admin', name: 'platform' };
    expect(items).toEqual([
      {
        ...rest,
        type: 'ApiKeyRevoked',
        actor: byAdmin,
        requestId: 'revoke',
        data: { keyId: auditor.id },
        before: auditorKey,
        after: null,
        version: 2,
      },
      {
        ...rest,
        type: 'ApiKeyIssued',
        actor: byAdmin,
        requestId: 'issue-audit',
        data: { ...auditorKey, tenantId: 'acme' },
        before: null,
        after: auditorKey,
        version: 1,
      },
      {
        ...rest,
        type: 'ApiKeyIssued',
        actor: byOperator,
        requestId: 'issue-platform',
        data: { ...adminKey, tenantId: 'acme' },
        before: null,
        after: adminKey,
        version: 1,
      },
      {
        ...rest,
        type: 'TenantCreated',
        actor: byOperator,
        requestId: 'make-acme',
        data: { tenantId: 'acme', name: 'Acme Ltd' },
        before: null,
        after: { id: 'acme', name: 'Acme Ltd' },
        version: 1,
      },
    ]);
  });

  it('has what relays say to a denied client, as it was and as it is', async () => {
    await operator('POST', '/v1/tenants', { id: 'shop', name: 'Shop' });
    const issued = await operator('POST', '/v1/tenants/shop/api-keys', { role: 'admin', name: 'platform' });
    const admin = asking(url, issued.body.key);
    const [first, reply] = [
      { text: 'IP not authorized', helpUrl: null, opaque: false },
      { text: '{ip} may not log in', helpUrl: 'https://shop.example', opaque: false },
    ];
    await admin('PUT', '/v1/tenants/shop/reply', reply, { 'x-request-id': 'set-reply' });
    const [change] = await changes(admin, '/v1/tenants/shop/changes', 3);
    expect(change).toEqual({
      eventId: expect.any(String),
      type: 'TenantReplySet',
      occurredAt: expect.stringMatching(/\.\d{3}Z$/),
      actor: { role: 'admin', keyId: issued.body.id, name: 'platform' },
      requestId: 'set-reply',
      smtpUserId: null,
      username: null,
      data: { ...reply, previous: first },
      before: first,
      after: reply,
      version: 2,
    });
  });

  it('shows only operators the keys of no tenant, and nothing of a tenant with them', async () => {
    const relay = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'mx1' })).body;
    const items = await changes(operator, '/v1/changes', 2);
    expect(items.map(({ type, after }) => [type, after])).toEqual([
      ['ApiKeyIssued', { keyId: relay.id, role: 'relay', name: 'mx1' }],
      ['ApiKeyIssued', { keyId: expect.any(String), role: 'operator', name: 'first start' }],
    ]);
    const csv = await operator('GET', '/v1/changes', undefined, { accept: 'text/csv' });
    expect(String(csv.body).split('\r\n')).toHaveLength(4);
    expect((await asking(url, relay.key)('GET', '/v1/changes')).body.code).toBe('role-not-allowed');
  });
});
