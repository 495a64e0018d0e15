import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '@postern/embedded-kafka';
import {
  describeWithPrograms,
  exampleFile,
  HARAKA,
  makeCertificate,
  MailWorld,
  smtpLogin,
  SmtpSession,
  startHaraka,
  until,
} from '@postern/testing';

const APP = 'app@acme.example';
const MOVING = 'moving@acme.example';
const STRANGER = 'stranger@acme.example';
const PASSWORD = 'correct horse battery staple';

const YES = '235 2.7.0 Authentication successful';
const NOT_AUTHORIZED = '535 5.7.1 IP not authorized';
const WRONG_PASSWORD = '535 5.7.8 Authentication failed';
const LATER = '454 4.7.0 Temporary authentication failure';

const PROGRAMS = { [HARAKA]: 'Haraka of npm, installed as .ci/run does', openssl: 'openssl' };

describeWithPrograms(describe, 'Haraka and its plugin', PROGRAMS, () => {
  let world: MailWorld;
  let ports: Readonly<Record<Way, number>>;

  beforeAll(async () => {
    world = await MailWorld.start();
    await world.register(APP, ['127.0.0.1', '::1', '198.51.100.7', '2001:db8:7::/64']);
    await world.register(MOVING);
    await world.startAgent('');
    ports = { 'in its own memory': await freePort(), 'by a relay agent': await freePort() };
    await startBoth(world, ports);
    // They accept connections before they have the first policies.
    for (const way of ['in its own memory', 'by a relay agent'] as const) await becomes(way, YES, {});
  });
  afterAll(() => world?.end());

  type Where = Partial<Parameters<typeof smtpLogin>[0]>;
  const login = (way: Way, where: Where = {}) =>
    smtpLogin({ port: ports[way], tls: 'starttls', username: APP, password: PASSWORD, ...where });
  const becomes = (way: Way, reply: string, where: Where) =>
    until(
      () => login(way, where),
      reply,
      (came) => came === reply,
    );
  const denialsFrom = (...addresses: readonly string[]) =>
    until(
      async () => (await world.denialsOf(APP)).filter(({ ip }) => addresses.includes(ip)),
      `the denials of ${addresses.join(', ')}`,
      ({ length }) => length === addresses.length,
    );

  describe.each([
    ['in its own memory', '127.0.1'],
    ['by a relay agent', '127.0.2'],
  ] as const)('deciding %s', (way, network) => {
    it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'] as const)(
      'accepts the right password from an allowed address alone, by %s',
      async (method) => {
        expect(await login(way, { method, from: '127.0.0.1' })).toBe(YES);
        expect(await login(way, { method, host: '::1', from: '::1' })).toBe(YES);
        expect(await login(way, { method, from: `${network}.1` })).toBe(NOT_AUTHORIZED);
      },
    );

    it('records the denial', async () => {
      expect(await login(way, { from: `${network}.2` })).toBe(NOT_AUTHORIZED);
      expect(await denialsFrom(`${network}.2`)).toMatchObject([
        { reason: 'ip-not-authorized', relay: 'mx1', count: 1 },
      ]);
    });

    it('takes the address that the balancer names by the PROXY protocol, and ends a connection where it names none', async () => {
      const proxied = (proxiedFor: string) => login(way, { from: '127.0.0.3', proxiedFor });
      const clients = ['198.51.100.7', '2001:db8:7::25', '198.51.100.8', '2001:db8:8::25', 'UNKNOWN'];
      expect(await Promise.all(clients.map(proxied))).toEqual([
        YES,
        YES,
        NOT_AUTHORIZED,
        NOT_AUTHORIZED,
        'connection closed',
      ]);
    });

    it('records nothing for a wrong password', async () => {
      expect(await login(way, { from: `${network}.5`, password: 'wrong' })).toBe(WRONG_PASSWORD);
      expect(await login(way, { from: `${network}.5`, password: 'wrong', method: 'CRAM-MD5' })).toBe(WRONG_PASSWORD);
      // Denials arrive in order: once this one is there, an earlier one would be, too.
      expect(await login(way, { from: `${network}.6` })).toBe(NOT_AUTHORIZED);
      expect(await denialsFrom(`${network}.6`)).toHaveLength(1);
      expect((await world.denialsOf(APP)).map(({ ip }) => ip)).not.toContain(`${network}.5`);
    });

    it('defers a user whom Postern does not know', async () => {
      expect(await login(way, { username: STRANGER })).toBe(LATER);
    });

    it('says what the tenant chose: a text with the address and a link, or the very answer to a wrong password', async () => {
      const from = `${network}.30`;
      const text = 'Add {ip} to your list';
      await world.setReply({ text, helpUrl: 'https://acme.example/smtp', opaque: false });
      await becomes(way, `535 5.7.1 Add ${from} to your list https://acme.example/smtp`, { from });
      await world.setReply({ text, helpUrl: null, opaque: true });
      for (const method of ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const) {
        await becomes(way, WRONG_PASSWORD, { from, method });
        expect(await login(way, { from, method, password: 'wrong' })).toBe(WRONG_PASSWORD);
      }
      await world.setReply({ text: 'IP not authorized', helpUrl: null, opaque: false });
      await becomes(way, NOT_AUTHORIZED, { from });
    });

    it('refuses the next MAIL FROM of an open session whose user was restricted meanwhile', async () => {
      await world.restrict(MOVING, ['127.0.0.1']);
      await becomes(way, YES, { username: MOVING });
      const open = await SmtpSession.open({ port: ports[way], tls: 'starttls' });
      expect(await open.login({ username: MOVING, password: PASSWORD })).toBe(YES);
      expect(await open.send('a@acme.example', 'b@beta.example')).toMatch(/^250 Message Queued/);
      await world.restrict(MOVING, [`${network}.9`]);
      await becomes(way, NOT_AUTHORIZED, { username: MOVING });
      expect(await open.send('a@acme.example', 'b@beta.example')).toBe('MAIL FROM: 550 5.7.1 IP not authorized');
      open.close();
    });
  });

  it('decides while Postern is down, and delivers the denials afterwards', async () => {
    await world.killPostern();
    expect(await login('in its own memory')).toBe(YES);
    expect(await login('in its own memory', { from: '127.0.1.10' })).toBe(NOT_AUTHORIZED);
    await world.startPostern();
    expect(await denialsFrom('127.0.1.10')).toMatchObject([{ reason: 'ip-not-authorized', relay: 'mx1', count: 1 }]);
  });

  it('lets nobody in, and takes no further message, while the relay agent is down', async () => {
    const way = 'by a relay agent';
    const open = await SmtpSession.open({ port: ports[way], tls: 'starttls' });
    expect(await open.login({ username: APP, password: PASSWORD })).toBe(YES);
    await world.endAgent('SIGKILL');
    const replies = ['PLAIN', 'LOGIN', 'CRAM-MD5'].map((method) => login(way, { method } as Where));
    expect(await Promise.all(replies)).toEqual([LATER, LATER, LATER]);
    expect(await open.send('a@acme.example', 'b@beta.example')).toBe(
      'MAIL FROM: 450 4.7.0 Temporary authentication failure',
    );
    open.close();
    await world.startAgent();
    await becomes(way, YES, {});
  });
});

type Way = 'in its own memory' | 'by a relay agent';

/** Haraka as examples/haraka configures it: one process that holds the policies, and two that ask the agent. */
async function startBoth(world: MailWorld, ports: Readonly<Record<Way, number>>): Promise<void> {
  const { certFile, keyFile } = await makeCertificate(world.folder);
  const users = [APP, MOVING, STRANGER].map((user) => `${user}=${PASSWORD}`).join('\n');
  const connection = await readFile(join(dirname(HARAKA), '..', 'config', 'connection.ini'), 'utf8');
  const config = {
    me: 'mx1.example',
    plugins: await exampleFile('haraka/config/plugins'),
    'auth_flat_file.ini': `[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\n[users]\n${users}\n`,
    'connection.ini': connection.replace(/^hosts\[\] =.*$/m, 'hosts[] = 127.0.0.3'),
    'postern.key': await readFile(join(world.folder, 'relay.key'), 'utf8'),
    'tls_cert.pem': await readFile(certFile, 'utf8'),
    'tls_key.pem': await readFile(keyFile, 'utf8'),
  };
  const inMemory = join(world.folder, 'haraka');
  const start = async (way: Way, folder: string, nodes: number, posternIni: string) => {
    const port = ports[way];
    const smtpIni = `listen=127.0.0.1:${port},[::1]:${port}\nnodes=${nodes}\n`;
    const files = { ...config, 'postern.ini': posternIni, 'smtp.ini': smtpIni };
    const haraka = await startHaraka({ folder, config: files, port });
    world.endsWith(() => haraka.stop());
  };
  await Promise.all([
    start(
      'in its own memory',
      inMemory,
      1,
      await exampleFile('haraka/config/postern.ini', {
        'https://postern.example': world.posternUrl,
        '/var/lib/haraka/postern': join(inMemory, 'data'),
      }),
    ),
    start(
      'by a relay agent',
      join(world.folder, 'haraka-asking'),
      2,
      await exampleFile('haraka/config/postern.ini', {
        'upstreams=https://postern.example': '',
        '; agent=http://127.0.0.1:8035': `agent=http://${world.agentAddress}`,
      }),
    ),
  ]);
}
