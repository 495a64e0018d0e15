import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayClient } from '@postern/relay-client';
import { startPosternProcess, type PosternProcess, until, createAcme } from '@postern/testing';

const LOGINS = 1_000;

let dataDir: string;
let postern: PosternProcess;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postern-flood-'));
  postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});

describe('a flood of denied logins of one user from one address', () => {
  it('is two records whose counts add up to it, and one address that was denied as often', async () => {
    const { admin, relayKey } = await createAcme(postern.url, postern.operatorKey);
    const { id } = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body;
    const user = `/v1/tenants/acme/smtp-users/${id}`;
    await admin('POST', `${user}/restriction/entries`, { entries: [{ range: '192.0.2.1' }] });

    const relay = new RelayClient({ urls: [postern.url], key: relayKey, relayName: 'mx1' });
    await relay.start();
    await until(() => relay.peek('app@acme.example', '192.0.2.1').reason === 'entry-matched');
    for (let i = 0; i < LOGINS; i += 1) expect(relay.decide('app@acme.example', '198.51.100.1').reply?.code).toBe(535);
    await relay.stop();

    const denials = await until(
      async () => (await admin('GET', `${user}/denials`)).body.items as { count: number }[],
      'both records',
      ({ length }) => length >= 2,
    );
    expect(denials.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([1, LOGINS - 1]);
    const { items } = (await admin('GET', `${user}/denied-ips`)).body;
    expect(items).toMatchObject([{ ip: '198.51.100.1', count: LOGINS, relays: ['mx1'] }]);
  });
});
