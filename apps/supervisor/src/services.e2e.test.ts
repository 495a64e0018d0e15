import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayClient } from '@postern/relay-client';
import {
  asking,
  startPosternProcess,
  type Ask,
  type PosternProcess,
  until,
  instancesOf,
  metricOf,
  missingOf,
  sendSignal,
  type Instance,
  type ServiceName,
  createAcme,
} from '@postern/testing';

let folder: string;
let postern: PosternProcess;
let operator: Ask;
let admin: Ask;
let relayKey: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-services-'));
  postern = await start('--instances', '2');
  ({ operator, admin, relayKey } = await createAcme(postern.url, postern.operatorKey));
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

function start(...args: string[]): Promise<PosternProcess> {
  return startPosternProcess({ POSTERN_DATA_DIR: folder }, 'supervisor', args);
}

/** With Kafka as the bus: faults.e2e.test.ts. */
describe('three services, two of each, with the journal’s feed as the bus', () => {
  it('carry a restriction through to a recorded denial, and read their own writes', async () => {
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'story@acme.example' })).body;
    const path = `/v1/tenants/acme/smtp-users/${user.id}`;
    for (let i = 1; i <= 5; i++) {
      const written = await admin('POST', `${path}/restriction/entries`, { entries: [{ range: `192.0.2.${i}` }] });
      const read = await admin('GET', `${path}/restriction`, undefined, {
        'postern-min-version': written.headers.get('postern-version') ?? '',
      });
      expect([written.status, read.status, read.body]).toEqual([201, 200, written.body]);
    }
    const relay = asking(postern.url, relayKey);
    const decision = await relay('POST', '/v1/relay/decisions', { username: 'story@acme.example', ip: '198.51.100.1' });
    expect(decision.body).toMatchObject({ decision: 'deny', reason: 'ip-not-authorized' });
    const denials = await until(
      () => admin('GET', `${path}/denials`),
      'the denial on record',
      ({ body }) => body.items?.length > 0,
    );
    expect(denials.body.items).toEqual([
      expect.objectContaining({ ip: '198.51.100.1', username: 'story@acme.example' }),
    ]);
    const history = await until(
      () => admin('GET', `${path}/history`),
      'the history',
      ({ body }) => body.items?.length === 6,
    );
    expect(history.body.items.map(({ type }: { type: string }) => type)).toEqual([
      ...Array.from({ length: 5 }, () => 'RestrictionAdded'),
      'SmtpUserRegistered',
    ]);
  });

  it('let a relay resume by its revision at the other projection-service when its own is killed: no gap, no reset', async () => {
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'moved@acme.example' })).body;
    const entries = `/v1/tenants/acme/smtp-users/${user.id}/restriction/entries`;
    const relay = new RelayClient({ urls: [postern.url], key: relayKey, relayName: 'mx1' });
    await relay.start();
    try {
      const allowed = (ip: string) =>
        until(
          async () => relay.decide('moved@acme.example', ip).reason,
          `${ip} is allowed`,
          (reason) => reason === 'entry-matched',
        );
      const services = instances('projection-service');
      const streams = () => Promise.all(services.map((each) => metricOf(each, /^postern_relay_stream_clients(\{| )/)));
      expect((await admin('POST', entries, { entries: [{ range: '192.0.2.1' }] })).status).toBe(201);
      expect(await allowed('192.0.2.1')).toBe('entry-matched');
      const before = relay.status();
      const holder = services[(await streams()).findIndex((open) => open > 0)];
      kill(holder);
      for (let i = 2; i <= 10; i++)
        expect((await admin('POST', entries, { entries: [{ range: `192.0.2.${i}` }] })).status).toBe(201);
      for (let i = 1; i <= 10; i++) expect(await allowed(`192.0.2.${i}`)).toBe('entry-matched');
      const after = relay.status();
      expect([after.snapshots, after.digestMismatches, after.reconnects]).toEqual([
        before.snapshots,
        0,
        before.reconnects + 1,
      ]);
      expect(postern.output()).toContain(`${holder?.name} ENDED (SIGKILL) and is started again`);
    } finally {
      await relay.stop();
    }
  });

  it('keep answering while one of each is killed, and are all back afterwards', async () => {
    const killed = (['command-service', 'audit-trail-service'] as const).map((service) => instances(service)[0]);
    for (const each of killed) kill(each);
    const answers = [];
    for (let i = 0; i < 20; i++) {
      answers.push((await admin('GET', '/v1/tenants/acme/changes')).status);
      answers.push((await admin('GET', '/v1/tenants/acme/api-keys')).status);
    }
    expect(new Set(answers)).toEqual(new Set([200]));
    for (const { url } of killed.flatMap((each) => each ?? []))
      await until(async () => (await missingOf({ url })) === null, `${url} is ready again`);
  });

  it('share the requests', async () => {
    const all = (['command-service', 'projection-service'] as const).flatMap(instances);
    const handled = async () => {
      await Promise.all(
        Array.from({ length: 40 }, () =>
          Promise.all([operator('GET', '/v1/tenants'), admin('GET', '/v1/tenants/acme/smtp-users')]),
        ),
      );
      return Promise.all(all.map((each) => metricOf(each, /^postern_http_requests_total\{.*route="\/v1\//)));
    };
    // One that was killed before gets its share again once the proxy has asked whether it is ready.
    const counts = await until(handled, 'requests at each', (seen) => seen.every((count) => count > 0));
    expect(counts).toHaveLength(4);
  });

  it('pass the caller’s address to a service, and let nobody forge another one', async () => {
    const answer = await fetch(`${postern.url}/v1/my-ip`, {
      headers: { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' },
    });
    expect(await answer.json()).toEqual({ ip: '127.0.0.1', family: 'IPv4' });
  });

  it('serve one document, of the complete API, each of them, and a page that shows it', async () => {
    const document = JSON.parse(await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'));
    const services = (['command-service', 'projection-service', 'audit-trail-service'] as const).flatMap(instances);
    for (const { url } of [postern, ...services])
      expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual(document);
    const page = await fetch(`${postern.url}/docs`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('./docs/swagger-ui-init.js')]);
    const script = await (await fetch(`${postern.url}/docs/swagger-ui-init.js`)).text();
    for (const path of Object.keys(document.paths)) expect(script).toContain(JSON.stringify(path));
    expect((await fetch(`${postern.url}/docs/swagger-ui.css`)).status).toBe(200);
  });

  it('leave no process running when the supervisor is killed, and stop in order at SIGTERM', async () => {
    const before = [...instances('command-service'), ...instances('projection-service')];
    await postern.end('SIGKILL');
    postern = await start();
    expect(postern.operatorKey).toBeNull();
    for (const { url } of before)
      await until(
        () =>
          fetch(url).then(
            () => false,
            () => true,
          ),
        `${url} is gone`,
      );
    expect((await asking(postern.url, relayKey)('GET', '/v1/relay/policies')).status).toBe(200);
    expect(await postern.end('SIGTERM')).toBe(0);
    const stopped = postern
      .output()
      .split('\n')
      .filter((line) => line.endsWith('has stopped.'));
    expect([stopped[0], stopped.length, stopped.at(-1)]).toEqual([
      expect.stringMatching(/^\[([a-z-]+-service) 1\] The \1 has stopped\.$/),
      4,
      'Postern has stopped.',
    ]);
  });
});

const instances = (service: ServiceName) => instancesOf(postern, service);

function kill(instance: Instance | undefined): void {
  if (!instance) throw new Error('There is no such instance to be killed.');
  sendSignal(instance.pid, 'SIGKILL');
}
