import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { DocumentedCaller } from '@postern/testing';
import { until } from '@postern/testing';
import { startDocumented, type DocumentedPostern } from './testing/documented-postern.js';

let postern: DocumentedPostern;
let url: string;
let relay: DocumentedCaller;
let admin: DocumentedCaller;

beforeAll(async () => {
  postern = await startDocumented();
  url = await postern.app.getUrl();
  relay = postern.anybody.as((await postern.newKey('relay')).key);
  admin = postern.anybody.as((await postern.newKey('admin')).key);
});
afterAll(() => postern?.end());

const TENANT = '/v1/tenants/{tenantId}';
const USER = `${TENANT}/smtp-users/{smtpUserId}`;
const tenantId = 'acme';
/** The document itself, its page, and the dashboard. */
const NO_API = /^\/(openapi\.json|docs(\/.*)?|sign-in|(t|operator|help|assets)\/\*)?$/;

/** A new SMTP user's place in a path. */
async function newUser(username: string): Promise<{ readonly tenantId: string; readonly smtpUserId: string }> {
  const call = { params: { tenantId }, body: { username }, status: 201 };
  return { tenantId, smtpUserId: (await admin.expect(`POST ${TENANT}/smtp-users`, call)).json.id };
}

describe('every answer is as the document says', () => {
  it('about tenants and keys', async () => {
    const { operator } = postern;
    await operator.expect('POST /v1/tenants', { body: { id: tenantId, name: 'Acme Ltd' }, status: 409 });
    await operator.expect('GET /v1/tenants', { query: '?limit=1', status: 200 });
    const [spare, auditor] = [await postern.newKey('operator'), await postern.newKey('auditor')];
    await operator.expect('GET /v1/api-keys', { query: '?limit=2', status: 200 });
    await operator.expect('GET /v1/changes', { status: 200 });
    const own = {
      role: 'operator',
      tenantId: null,
      keyId: postern.operatorKey.split('_')[2],
      name: 'first start',
      session: null,
    };
    expect((await operator.expect('GET /v1/whoami', { status: 200 })).json).toEqual(own);
    for (const role of ['relay', 'admin', 'auditor'] as const) {
      const { id: keyId, key } = await postern.newKey(role);
      const { json } = await postern.anybody.as(key).expect('GET /v1/whoami', { status: 200 });
      expect(json).toEqual({ role, tenantId: role === 'relay' ? null : tenantId, keyId, name: 'ci', session: null });
    }
    await operator.expect(`GET ${TENANT}/api-keys`, { params: { tenantId }, status: 200 });
    await operator.expect('DELETE /v1/api-keys/{keyId}', { params: { keyId: spare.id }, status: 204 });
    await operator.expect('DELETE /v1/api-keys/{keyId}', { params: { keyId: newId() }, status: 404 });
    const revoke = { params: { tenantId, keyId: auditor.id }, headers: { 'idempotency-key': 'revoke' }, status: 204 };
    for (const _ of ['first', 'repeat']) await operator.expect(`DELETE ${TENANT}/api-keys/{keyId}`, revoke);
    const lastKey = { keyId: postern.operatorKey.split('_')[2] ?? '' };
    await operator.expect('DELETE /v1/api-keys/{keyId}', { params: lastKey, status: 409 });
  });

  it('about who asks, by a key or by a session', async () => {
    const page = postern.anybody.with({ 'sec-fetch-site': 'same-origin' });
    const { json: link } = await admin.expect('POST /v1/sign-in-links', { status: 201 });
    for (const body of [{ key: (await postern.newKey('auditor')).key }, { code: link.url.split('=')[1] }]) {
      const signedIn = await page.expect('POST /v1/session', { body, status: 201 });
      const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
      const browser = page.with({ cookie });
      expect((await browser.expect('GET /v1/whoami', { status: 200 })).json).toEqual(signedIn.json);
      await browser.expect(`GET ${TENANT}/changes`, { params: { tenantId }, status: 200 });
      await browser.expect('DELETE /v1/session', { headers: { 'sec-fetch-site': 'cross-site' }, status: 403 });
      await browser.expect('DELETE /v1/session', { status: 204 });
    }
    for (const body of [{ key: 'pst_admin_x_0123456789abcdef' }, { code: 'used' }])
      await page.expect('POST /v1/session', { body, status: 401 });
    await page.expect('POST /v1/session', { body: { key: (await postern.newKey('relay')).key }, status: 403 });
    await postern.anybody.with({ cookie: 'postern_session=ended' }).expect('GET /v1/whoami', { status: 401 });
  });

  it('about what relays say to the client of a denied login', async () => {
    const params = { tenantId };
    await admin.expect(`GET ${TENANT}/reply`, { params, status: 200 });
    const body = { text: '{ip} may not log in', helpUrl: 'https://acme.example/smtp', opaque: false };
    const set = { params, body, headers: { 'idempotency-key': 'reply' } };
    for (const _ of ['first', 'repeat']) await admin.expect(`PUT ${TENANT}/reply`, { ...set, status: 200 });
    await admin.expect(`PUT ${TENANT}/reply`, { params, body: { ...body, text: '{ipp}' }, status: 422 });
    await admin.expect(`PUT ${TENANT}/reply`, { params, body, headers: { 'if-match': '"1"' }, status: 412 });
    await postern.operator.expect(`PUT ${TENANT}/reply`, { params, body, status: 403 });
    expect((await postern.operator.expect(`GET ${TENANT}/reply`, { params, status: 200 })).json).toEqual(body);
  });

  it('about SMTP users', async () => {
    const params = await newUser('old@acme.example');
    await newUser('taken@acme.example');
    const body = { username: 'Taken@acme.example' };
    await admin.expect(`POST ${TENANT}/smtp-users`, { params, body, status: 409 });
    await admin.expect(`PATCH ${USER}`, { params, body, status: 409 });
    await admin.expect(`PATCH ${USER}`, { params, body: { username: 'new@acme.example' }, status: 200 });
    await postern.anybody
      .as((await postern.newKey('auditor')).key)
      .expect(`PATCH ${USER}`, { params, body, status: 403 });
    const read = { params, headers: { 'postern-min-version': '2' } };
    await admin.expect(`GET ${USER}`, { ...read, status: 200 });
    await admin.expect(`GET ${USER}`, { params, headers: { 'postern-min-version': '9' }, status: 503 });
    await admin.expect(`GET ${USER}`, { params, headers: { 'postern-min-version': 'x' }, status: 422 });
    for (const query of ['?query=acme&limit=1', '?state=unrestricted', '?allows=203.0.113.9'])
      await admin.expect(`GET ${TENANT}/smtp-users`, { params, query, status: 200 });
    await admin.expect(`GET ${TENANT}/smtp-users/counts`, { params, status: 200 });
    await admin.expect(`DELETE ${USER}`, { params, status: 204 });
    await admin.expect(`DELETE ${USER}`, { params, status: 404 });
  });

  it('about restrictions', async () => {
    const params = await newUser('restricted@acme.example');
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const entries = [
      { range: '203.0.113.0/24', note: 'office' },
      { range: '10.0.0.1', expiresAt },
    ];
    const add = { params, body: { entries }, headers: { 'idempotency-key': 'add' } };
    const restriction = (await admin.expect(`POST ${USER}/restriction/entries`, { ...add, status: 201 })).json;
    await admin.expect(`POST ${USER}/restriction/entries`, { ...add, status: 201 });
    await admin.expect(`POST ${USER}/restriction/entries`, { ...add, body: { entries: [] }, status: 409 });
    const wrong = [
      ...entries,
      { range: '203.0.113.42/24' },
      { range: '10.1' },
      { range: '::/0', expiresAt: '2020-01-01T00:00:00Z' },
    ];
    await admin.expect(`POST ${USER}/restriction/entries`, { params, body: { entries: wrong }, status: 422 });
    const entry = { ...params, entryId: restriction.entries[0].id };
    await admin.expect(`DELETE ${USER}/restriction/entries/{entryId}`, { params: entry, status: 200 });
    await admin.expect(`DELETE ${USER}/restriction/entries/{entryId}`, { params: entry, status: 404 });
    const last = { ...params, entryId: restriction.entries[1].id };
    await admin.expect(`DELETE ${USER}/restriction/entries/{entryId}`, { params: last, status: 409 });
    const change = { params, body: { mode: 'report-only' } };
    const changed = await admin.expect(`PUT ${USER}/restriction/mode`, { ...change, status: 200 });
    await admin.expect(`PUT ${USER}/restriction/mode`, { ...change, headers: { 'if-match': '"1"' }, status: 412 });
    const overwrite = { params, headers: { 'if-match': '*' } };
    await admin.expect(`PUT ${USER}/restriction`, { ...overwrite, body: { entries: [] }, status: 409 });
    await admin.expect(`PUT ${USER}/restriction`, { params, body: { entries }, status: 428 });
    await admin.expect(`PUT ${USER}/restriction`, {
      ...overwrite,
      body: { entries: [{ range: '2001:db8::1' }] },
      status: 200,
    });
    const read = { params, headers: { 'postern-min-version': changed.headers.get('postern-version') ?? '' } };
    await admin.expect(`GET ${USER}/restriction`, { ...read, status: 200 });
    for (const query of ['?ip=2001:db8::1', `?ip=198.51.100.1&at=${new Date().toISOString()}`])
      await admin.expect(`GET ${USER}/restriction/check`, { ...read, query, status: 200 });
    await admin.expect(`GET ${USER}/restriction/check`, { ...read, query: '?ip=010.0.0.1', status: 422 });
    await admin.expect(`DELETE ${USER}/restriction`, { params, status: 200 });
  });

  it('to relays, and about what they denied', async () => {
    const params = await newUser('app@acme.example');
    const body = { entries: [{ range: '203.0.113.42' }] };
    await admin.expect(`POST ${USER}/restriction/entries`, { params, body, status: 201 });
    const login = { username: 'app@acme.example', ip: '198.51.100.9' };
    for (const more of [{}, { username: 'nobody' }, { ip: '203.0.113.42', dryRun: true }])
      await relay.expect('POST /v1/relay/decisions', { body: { ...login, ...more }, status: 200 });
    const denials = [denial(), denial({ ip: 'x' }), denial({ more: 1 }), denial({ username: 'nobody' }), 7];
    await relay.expect('POST /v1/relay/auth-denials', { body: { denials }, status: 200 });
    const counted = { smtpUserId: params.smtpUserId, ip: '203.0.113.42', hour: new Date().toISOString(), count: 2 };
    const logins = [
      { ...counted, entryId: null, relay: 'mx1' },
      { ...counted, ip: 'x' },
    ];
    const batch = { batchId: newId(), logins };
    for (const _ of ['first', 'repeat']) await relay.expect('POST /v1/relay/logins', { body: batch, status: 200 });
    await relay.expect('POST /v1/relay/logins', { body: { logins }, status: 422 });
    await admin.expect(`GET ${USER}/sources/histogram`, { params, query: '?days=7', status: 200 });
    await admin.expect(`GET ${USER}/restriction/suggestion`, { params, query: '?days=7', status: 200 });
    await admin.expect(`GET ${USER}/restriction/suggestion`, { params, query: '?days=0', status: 422 });
    const preview = `POST ${USER}/restriction/preview`;
    await admin.expect(preview, { params, body: { add: [{ range: '192.0.2.0/24' }], mode: 'enforce' }, status: 200 });
    await admin.expect(preview, { params, body: { entries: [{ range: '192.0.2.1' }] }, status: 200 });
    await admin.expect(preview, { params, body: { entries: [] }, status: 409 });
    await admin.expect(preview, { params, body: { remove: [newId()] }, status: 404 });
    await admin.expect(preview, { params, body: { add: [{ range: '192.0.2.1/24' }] }, status: 422 });
    await admin.expect(`GET ${TENANT}/entries`, { params, query: '?unusedForDays=0', status: 422 });
    await admin.expect(`GET ${USER}/sources/histogram`, { params, query: '?days=0', status: 422 });
    await admin.expect(`GET ${USER}/sources`, { params, query: '?decision=defer&ip=203.0.113.0/24', status: 200 });
    await relay.expect('GET /v1/relay/policies', { status: 200 });
    const stream = 'GET /v1/relay/policies/stream';
    await relay.expect(stream, { status: 200 });
    await relay.expect(stream, { headers: { 'last-event-id': '0' }, until: 'event: heartbeat', status: 200 });
    await listed(`GET ${USER}/denials`, params, 2);
    await listed(`GET ${USER}/history`, params, 2);
    const summaries = { params, query: `?smtpUserIds=${params.smtpUserId}` };
    await admin.expect(`GET ${TENANT}/denial-summaries`, { ...summaries, status: 200 });
    await admin.expect(`GET ${TENANT}/denial-summaries`, { params, query: '?smtpUserIds=x', status: 422 });
    const histogram = { params, query: '?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z' };
    await admin.expect(`GET ${TENANT}/denials/histogram`, { ...histogram, status: 200 });
    await admin.expect(`GET ${TENANT}/denials/histogram`, { params, query: '?from=x', status: 422 });
    for (const live of [`GET ${TENANT}/denials/stream`, `GET ${USER}/denials/stream`]) {
      await admin.expect(live, { params, until: 'event: heartbeat', status: 200 });
      await admin.expect(live, { params, headers: { 'last-event-id': 'x' }, until: 'event: reset', status: 200 });
    }
    for (const list of [
      `${TENANT}/denials`,
      `${USER}/denials`,
      `${USER}/denied-ips`,
      `${USER}/sources`,
      `${TENANT}/entries`,
      `${TENANT}/refusing-now`,
      `${TENANT}/changes`,
      `${USER}/history`,
    ])
      for (const accept of ['application/json', 'application/x-ndjson', 'text/csv'])
        await admin.expect(`GET ${list}`, { params, headers: { accept }, status: 200 });
  });

  it('to operators, about the installation', async () => {
    const { operator } = postern;
    await relay.expect('POST /v1/relay/auth-denials', {
      body: { denials: [denial()] },
      headers: { 'postern-relay': 'mx1', 'postern-denials-waiting': '3' },
      status: 200,
    });
    await until(
      async () => (await operator.expect('GET /v1/relays', { query: '?limit=1', status: 200 })).json.items,
      'the relay',
      (items: unknown[]) => items.length > 0,
    );
    await operator.expect('GET /v1/system', { status: 200 });
    const denied = { ...(denial() as object), denialId: newId(), smtpUserId: newId(), refused: true };
    const [readable, nothing] = [
      await postern.deadLetter({ type: 'AuthDenied', schemaVersion: 1, data: denied }),
      await postern.deadLetter({ type: 'AuthDenied', schemaVersion: 1, data: {} }),
    ];
    await operator.expect('GET /v1/dead-letters', { query: '?state=all&limit=1', status: 200 });
    for (const deadLetterId of [readable, nothing])
      await operator.expect('GET /v1/dead-letters/{deadLetterId}', { params: { deadLetterId }, status: 200 });
    const retry = 'POST /v1/dead-letters/{deadLetterId}/retry';
    for (const [deadLetterId, status] of [
      [readable, 200],
      [readable, 409],
      [nothing, 200],
      [newId(), 404],
    ] as const)
      await operator.expect(retry, { params: { deadLetterId }, status });
    const discard = 'DELETE /v1/dead-letters/{deadLetterId}';
    for (const [deadLetterId, status] of [
      [nothing, 204],
      [readable, 409],
      [newId(), 404],
    ] as const)
      await operator.expect(discard, { params: { deadLetterId }, status });
  });

  it('to anybody', async () => {
    for (const path of ['/v1/my-ip', '/health/live', '/health/ready', '/metrics'])
      await postern.anybody.expect(`GET ${path}`, { status: 200 });
    await postern.anybody.expect('GET /v1/my-ip', { headers: { accept: 'text/plain' }, status: 200 });
  });

  it('and no route was left out', () => {
    const served = postern.routes
      // HEAD answers as GET does.
      .filter(({ method, path }) => method !== 'HEAD' && !NO_API.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const documented = [...postern.api.routes].sort();
    expect([...new Set(served)].sort()).toEqual(documented);
    expect([...postern.anybody.succeeded].sort()).toEqual(documented);
  });
});

describe('the page /docs', () => {
  it('loads only files of this process, which all exist, without a key', async () => {
    const page = await (await fetch(`${url}/docs`)).text();
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
    expect(loaded).toEqual([
      './docs/swagger-ui.css',
      './docs/favicon-32x32.png',
      './docs/favicon-16x16.png',
      './docs/swagger-ui-bundle.js',
      './docs/swagger-ui-standalone-preset.js',
      './docs/swagger-ui-init.js',
    ]);
    for (const name of loaded) {
      const { status } = await fetch(new URL(name, `${url}/docs`));
      expect({ name, status }).toEqual({ name, status: 200 });
    }
  });

  it('has a policy by which a browser would not load anything from elsewhere either', async () => {
    for (const path of ['/docs', '/%64ocs', '/docs/', '/docs/swagger-ui-init.js']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await fetch(`${url}/docsx`)).headers.get('content-security-policy')).toBeNull();
  });

  it('shows the document that is at /openapi.json', async () => {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    const [, options = ''] = /let options = (\{[\s\S]*?\n\});/.exec(script) ?? [];
    const { swaggerDoc } = JSON.parse(options) as { swaggerDoc: unknown };
    expect(swaggerDoc).toEqual(await (await fetch(`${url}/openapi.json`)).json());
  });
});

/** Reads a list until it has so many items: the audit trail follows the journal. */
async function listed(route: string, params: Readonly<Record<string, string>>, items: number): Promise<void> {
  await until(
    async () => (await admin.expect(route, { params, status: 200 })).json.items.length,
    `${route} lists ${items} items`,
    (length: number) => length >= items,
  );
}

function denial(more: Readonly<Record<string, unknown>> = {}): unknown {
  const report = { username: 'app@acme.example', ip: '198.51.100.7', relay: 'mx1', reason: 'ip-not-authorized' };
  return { id: newId(), occurredAt: new Date().toISOString(), mode: 'enforce', count: 3, ...report, ...more };
}
