import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import { until } from '@postern/testing';
import { commandDatabase, StartedService } from '../../testing/started-service.js';
import { ensureFirstOperatorKey, OperatorKeyUnusable } from '../index.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await commandDatabase();
});
afterEach(() => database.drop());

const GIVEN = 'pst_operator_ops1_0123456789abcdef';
const works = async (service: StartedService, key: string) =>
  (await service.call('GET', '/v1/tenants', { key })).status === 200;

describe('the first operator key', () => {
  it('is made by one of several processes that start at once, and not again at the next start', async () => {
    const services = await Promise.all([1, 2, 3].map(() => StartedService.on(database.url)));
    try {
      const made = services.map(({ operatorKey }) => operatorKey).filter((key) => key !== '');
      expect(made).toHaveLength(1);
      expect(await works(services[0] as StartedService, made[0] ?? '')).toBe(true);
      const again = await StartedService.on(database.url);
      expect(again.operatorKey).toBe('');
      await again.stop();
    } finally {
      await Promise.all(services.map((service) => service.stop()));
    }
  });

  it('can be chosen: it is issued once, and works next to others', async () => {
    const service = await StartedService.on(database.url);
    try {
      expect(await works(service, GIVEN)).toBe(false);
      const answers = await Promise.all([1, 2, 3].map(() => ensureFirstOperatorKey(service.app, GIVEN)));
      expect(answers).toEqual([null, null, null]);
      expect(await ensureFirstOperatorKey(service.app, GIVEN)).toBeNull();
      // A look-up from before it was there is believed for half a second.
      await until(() => works(service, GIVEN));
      expect(await service.events('api-key/ops1')).toEqual([
        expect.objectContaining({
          type: 'ApiKeyIssued',
          data: expect.objectContaining({ keyId: 'ops1', role: 'operator', tenantId: null, name: 'first start' }),
          metadata: expect.objectContaining({ actor: { role: 'operator', keyId: 'ops1', name: 'first start' } }),
        }),
      ]);
    } finally {
      await service.stop();
    }
  });

  it('cannot be given another secret, and a revoked one stays revoked', async () => {
    const service = await StartedService.on(database.url);
    try {
      await ensureFirstOperatorKey(service.app, GIVEN);
      await expect(ensureFirstOperatorKey(service.app, `${GIVEN}-other`)).rejects.toThrow(OperatorKeyUnusable);
      await expect(ensureFirstOperatorKey(service.app, 'pst_admin_ops2_0123456789abcdef')).rejects.toThrow(
        'POSTERN_OPERATOR_KEY must read',
      );
      await service.call('DELETE', '/v1/api-keys/ops1', { key: service.operatorKey });
      expect(await ensureFirstOperatorKey(service.app, GIVEN)).toBeNull();
      expect(await service.events('api-key/ops1')).toHaveLength(2);
    } finally {
      await service.stop();
    }
  });
});
