import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAcme, smtpLogin, startPosternProcess, until, type Acme, type PosternProcess } from '@postern/testing';
import { startRelay, type RunningRelay } from '../../../examples/relay-smtp-server/src/index.js';

const [USERNAME, PASSWORD] = ['app@acme.example', 'secret'];
const [OFFICE, HOME, CAFE] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

let folder: string;
let postern: PosternProcess;
let acme: Acme;
let relay: RunningRelay;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-sources-'));
  postern = await startPosternProcess({ POSTERN_DATA_DIR: folder, POSTERN_HTTP_PORT: '0' });
  acme = await createAcme(postern.url, postern.operatorKey);
});
afterAll(async () => {
  await relay?.close();
  await postern?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const login = (from: string): Promise<string> =>
  smtpLogin({ port: relay.port, from, username: USERNAME, password: PASSWORD });

describe('a user who logs in at a real relay', () => {
  it('from three addresses has these three as its sources, with what would be decided of each now', async () => {
    const user = (await acme.admin('POST', '/v1/tenants/acme/smtp-users', { username: USERNAME })).body;
    const path = `/v1/tenants/acme/smtp-users/${user.id}`;
    const known = async () => (await acme.admin('GET', `${path}/sources`)).status === 200;
    await until(known, 'the audit trail has the user');
    relay = await startRelay({
      port: 0,
      postern: { url: postern.url, key: acme.relayKey },
      relayName: 'mx1',
      users: { [USERNAME]: PASSWORD },
      client: { reportLoginsEveryMs: 50 },
    });
    await until(() => relay.status().policies === 1, 'the relay has the policy');
    for (const from of [OFFICE, OFFICE, HOME, CAFE]) expect(await login(from)).toMatch(/^235 /);
    await until(() => relay.status().reportedLogins === 4, 'the logins are reported');

    await acme.admin('POST', `${path}/restriction/entries`, { entries: [{ range: OFFICE }, { range: HOME }] });
    const sources = async () =>
      (await acme.admin('GET', `${path}/sources`)).body.items
        .map(({ ip, logins, relays, decision, reason }: Record<string, unknown>) => ({
          ip,
          logins,
          relays,
          decision,
          reason,
        }))
        .toSorted((a: { ip: string }, b: { ip: string }) => a.ip.localeCompare(b.ip));
    const seen = (ip: string, logins: number, decision: string, reason: string) => ({
      ip,
      logins,
      relays: ['mx1'],
      decision,
      reason,
    });
    await until(async () => (await sources())[2]?.decision === 'deny', 'the restriction is known');
    expect(await sources()).toEqual([
      seen(OFFICE, 2, 'allow', 'entry-matched'),
      seen(HOME, 1, 'allow', 'entry-matched'),
      seen(CAFE, 1, 'deny', 'ip-not-authorized'),
    ]);
  });
});
