import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@postern/testing';
import type { Client } from 'pg';
import { until, openClient } from '@postern/testing';
import { problem } from '../../testing/problem.js';
import { commandDatabase, StartedService } from '../../testing/started-service.js';
import { OPERATOR_KEYS_LOCK } from './api-keys.js';

let database: TestDatabase;
let service: StartedService;
beforeAll(async () => {
  database = await commandDatabase();
  service = await StartedService.on(database.url);
});
afterAll(async () => {
  await service.stop();
  await database.drop();
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
    const admin = await service.tenant('acme');
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
