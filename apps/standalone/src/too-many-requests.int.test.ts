import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { startDocumented, type DocumentedPostern } from './testing/documented-postern.js';

let postern: DocumentedPostern;

beforeAll(async () => {
  postern = await startDocumented({ POSTERN_FAILED_AUTH_BURST: '1', POSTERN_FAILED_AUTH_PER_SECOND: '0.001' });
});
afterAll(() => postern?.end());

it('every route with a key refuses one request too many as its document says', async () => {
  const routes = postern.api.routes.filter((route) => postern.api.operation(route)?.security);
  const params = { tenantId: 'acme', smtpUserId: newId(), entryId: newId(), keyId: newId(), deadLetterId: newId() };
  await postern.anybody.expect(routes[0] ?? '', { params, status: 401 });
  for (const route of routes) {
    const { headers } = await postern.anybody.expect(route, { params, status: 429 });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(routes.length).toBeGreaterThan(20);
});
