import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { NetworkPath, type TestDatabase } from '@postern/testing';
import { problem } from '../testing/problem.js';
import { commandDatabase, StartedService, type Answer } from '../testing/started-service.js';

let database: TestDatabase;
let path: NetworkPath;
let service: StartedService;
let acme: string;
let relay: string;
let user: string;
beforeAll(async () => {
  database = await commandDatabase();
  const broken = await NetworkPath.to(database.url);
  path = broken.path;
  service = await StartedService.on(broken.url);
  acme = await service.tenant('acme');
  relay = await service.key({ role: 'relay', name: 'mx1' });
  user = await service.smtpUser(acme, 'acme', 'app@acme.example');
});
afterAll(async () => {
  await service.stop();
  await path.close();
  await database.drop();
});

let octet = 0;
const denial = {
  id: newId(),
  username: 'app@acme.example',
  ip: '192.0.2.1',
  occurredAt: new Date().toISOString(),
  relay: 'mx1',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  count: 1,
};
const writes: [string, () => Promise<Answer>][] = [
  [
    'adding an entry',
    () =>
      service.call('POST', `${user}/restriction/entries`, {
        key: acme,
        body: { entries: [{ range: `192.0.2.${octet++}` }] },
      }),
  ],
  [
    'registering',
    () => service.call('POST', '/v1/tenants/acme/smtp-users', { key: acme, body: { username: `${newId()}@x` } }),
  ],
  [
    'a decision',
    () =>
      service.call('POST', '/v1/relay/decisions', { key: relay, body: { username: 'app@acme.example', ip: '::1' } }),
  ],
  ['a report', () => service.call('POST', '/v1/relay/auth-denials', { key: relay, body: { denials: [denial] } })],
  ['a list', () => service.call('GET', '/v1/tenants', { key: service.operatorKey })],
];

async function databaseFailures(): Promise<number> {
  const { payload } = await service.app.inject('/metrics');
  return Number(/^postern_database_failures_total (\d+)$/m.exec(payload)?.[1]);
}

describe('while the database is gone', () => {
  it('every call gets 503 with Retry-After; when the database is back, all work again without a restart', async () => {
    for (const [name, write] of writes) expect([name, (await write()).status < 300]).toEqual([name, true]);
    // Keys were just looked up: what is refused first is the write itself.
    await path.close();
    const failuresBefore = await databaseFailures();
    for (let round = 0; round < 3; round++) {
      for (const [name, write] of writes) {
        const answer = await write();
        expect([name, answer.headers['retry-after'], answer.body]).toEqual([name, '1', problem(503, 'not-ready', '')]);
      }
      await new Promise((done) => setTimeout(done, 400));
    }
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    expect((await service.call('GET', '/health/ready')).body).toMatchObject({
      status: 503,
      code: 'not-ready',
      missing: { journal: expect.any(String) },
    });
    // Each of the calls, and neither of the probes.
    expect((await databaseFailures()) - failuresBefore).toBe(3 * writes.length);
    await path.open();
    for (const [name, write] of writes) expect([name, (await write()).status < 300]).toEqual([name, true]);
    expect((await service.call('GET', '/health/ready')).status).toBe(200);
  });

  it('a write that was under way is answered too, and not acknowledged unless it is there', async () => {
    const writing = Promise.all(Array.from({ length: 20 }, () => writes[0]?.[1]()));
    await new Promise((done) => setImmediate(done));
    await path.close();
    const answers = await writing;
    await path.open();
    const kept = await service.sql<{ range: string }>(
      `SELECT e ->> 'range' AS range FROM journal.events, jsonb_array_elements(data -> 'entries') e WHERE type = 'RestrictionAdded'`,
    );
    for (const answer of answers) {
      expect([201, 503]).toContain(answer?.status);
      const ranges = JSON.stringify(answer?.body['entries'] ?? []);
      for (const [, range] of ranges.matchAll(/"range":"([^"]+)"/g)) expect(kept).toContainEqual({ range });
    }
  });
});
