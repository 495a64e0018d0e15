import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import type { DocumentedCaller } from '@postern/testing';
import { startDocumented, type DocumentedPostern } from './testing/documented-postern.js';

let postern: DocumentedPostern;
let relay: DocumentedCaller;
let admin: DocumentedCaller;

beforeAll(async () => {
  postern = await startDocumented({ POSTERN_FAILED_AUTH_BURST: '1000' });
  relay = postern.anybody.as((await postern.newKey('relay')).key);
  admin = postern.anybody.as((await postern.newKey('admin')).key);
});
afterAll(() => postern?.end());

const params = {
  tenantId: 'acme',
  smtpUserId: newId(),
  entryId: newId(),
  keyId: newId(),
  deadLetterId: newId(),
};

/** Whose key the route takes. */
function allowed(route: string): DocumentedCaller {
  if (route.includes('/relay/')) return relay;
  return route.includes('{tenantId}') ? admin : postern.operator;
}

describe('every route answers as its document says', () => {
  it('to a caller without a key, with a wrong one, and with one of another role', async () => {
    const routes = postern.api.routes.filter((route) => postern.api.operation(route)?.security);
    const wrong = postern.anybody.as(postern.operatorKey.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')));
    for (const route of routes) {
      await postern.anybody.expect(route, { params, status: 401 });
      await wrong.expect(route, { params, status: 401 });
      // Every role may ask who it is.
      if (route === 'GET /v1/whoami') continue;
      // To a relay, no tenant is one of its own.
      if (route.includes('{tenantId}')) await relay.expect(route, { params, status: 404 });
      else await (allowed(route) === relay ? postern.operator : relay).expect(route, { params, status: 403 });
    }
    expect(routes.length).toBeGreaterThan(20);
  });

  it('to headers that are too large', async () => {
    const headers = { 'x-padding': 'x'.repeat(20_000) };
    for (const route of postern.api.routes) await postern.anybody.expect(route, { params, headers, status: 431 });
    expect(postern.api.routes.length).toBeGreaterThan(30);
  });

  it('to a path that cannot be read', async () => {
    const routes = postern.api.routes.filter((route) => route.includes('{'));
    const broken = Object.fromEntries(Object.keys(params).map((name) => [name, '%zz']));
    for (const route of routes) await postern.operator.expect(route, { params: broken, status: 404 });
    expect(routes.length).toBeGreaterThan(15);
  });

  it('to an SMTP user that does not exist', async () => {
    const routes = postern.api.routes.filter((route) => /^(GET|DELETE) .*\{smtpUserId\}/.test(route));
    for (const route of routes) {
      const query = route.endsWith('/check') ? { query: '?ip=192.0.2.1' } : {};
      await admin.expect(route, { params, ...query, status: 404 });
    }
    expect(routes.length).toBeGreaterThan(5);
  });

  it('to a body that is not JSON, too large, of another type, or has an unknown field', async () => {
    const routes = postern.api.routes.filter((route) => !route.startsWith('GET '));
    for (const route of routes) {
      const as = allowed(route);
      await as.expect(route, { params, body: '{"id":', status: 400 });
      await as.expect(route, { params, body: 'x', headers: { 'content-type': 'text/plain' }, status: 415 });
      await as.expect(route, { params, body: { x: 'x'.repeat(1_100_000) }, status: 413 });
      const takesBody = postern.api.operation(route)?.requestBody !== undefined;
      const headers = { 'if-match': '*' };
      if (takesBody) await as.expect(route, { params, headers, body: { unknown: 1 }, status: 422 });
      await as.expect(route, { params, headers, query: '?unknown=1', ...(takesBody && { body: {} }), status: 422 });
    }
    expect(routes.length).toBeGreaterThan(12);
  });

  it('to a query that it cannot read', async () => {
    const routes = postern.api.routes.filter((route) =>
      /^GET .*(denials|denied-ips|refusing-now|changes|history|s|keys|letters)$/.test(route),
    );
    const lists = routes.filter((route) => JSON.stringify(postern.api.operation(route)).includes('"limit"'));
    for (const route of lists) await allowed(route).expect(route, { params, query: '?limit=0&x=1', status: 422 });
    expect(lists.length).toBeGreaterThan(7);
  });
});
