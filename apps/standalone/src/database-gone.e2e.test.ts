import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@postern/embedded-postgres';
import { RelayClient } from '@postern/relay-client';
import { startPosternProcess, type PosternProcess, until, createAcme } from '@postern/testing';

const OUTAGE_MS = 10_000;

let folder: string;
let server: EmbeddedPostgres;
let postern: PosternProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-outage-'));
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  postern = await startPosternProcess({ POSTERN_DATA_DIR: join(folder, 'data'), POSTERN_DATABASE_URL: server.url() });
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a database that is gone for ten seconds', () => {
  it('makes writes answer 503 while the relay continues to decide; everything recovers without a restart', async () => {
    const { admin, relayKey } = await createAcme(postern.url, postern.operatorKey);
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body;
    const entries = `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`;
    const add = (range: string) => admin('POST', entries, { entries: [{ range }] });
    await add('192.0.2.1');

    const relay = new RelayClient({ urls: [postern.url], key: relayKey, relayName: 'mx1' });
    await relay.start();
    try {
      await until(() => relay.decide('app@acme.example', '192.0.2.1').reason === 'entry-matched');

      await server.stop();
      const gone = Date.now();
      const refused = await add('192.0.2.2');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(refused.body).toMatchObject({ code: 'not-ready', status: 503 });
      expect((await fetch(`${postern.url}/health/ready`)).status).toBe(503);
      expect((await fetch(`${postern.url}/health/live`)).status).toBe(200);
      while (Date.now() - gone < OUTAGE_MS) {
        expect(relay.decide('app@acme.example', '192.0.2.1').decision).toBe('allow');
        expect(relay.decide('app@acme.example', '198.51.100.1').decision).toBe('deny');
        await sleep(100);
      }
      server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });

      await until(async () => (await add('192.0.2.8')).status === 201, 'a write that is taken');
      await until(async () => (await fetch(`${postern.url}/health/ready`)).status === 200, 'readiness');

      expect((await add('192.0.2.9')).status).toBe(201);
      await until(() => relay.decide('app@acme.example', '192.0.2.9').decision === 'allow');

      // The denials of the outage were kept by the relay, and arrive.
      const denials = () => admin('GET', `/v1/tenants/acme/smtp-users/${user.id}/denials?ip=198.51.100.1&limit=500`);
      await until(async () => (await denials()).body.items.length > 0, 'the denials on record');
    } finally {
      await relay.stop();
    }
  });
});
