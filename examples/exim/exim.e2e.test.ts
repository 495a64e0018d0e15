import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@postern/embedded-kafka';
import {
  describeWithPrograms,
  exampleFile,
  EXIM,
  makeCertificate,
  MailWorld,
  smtpLogin,
  SmtpSession,
  startDovecot,
  startExim,
  until,
} from '@postern/testing';

const run = promisify(execFile);
const APP = 'app@acme.example';
const MOVING = 'moving@acme.example';
const STRANGER = 'stranger@acme.example';
const PASSWORD = 'correct horse battery staple';
const USERS = { [APP]: PASSWORD, [MOVING]: PASSWORD, [STRANGER]: PASSWORD };
const PROGRAMS = {
  [EXIM]: 'exim4-daemon-heavy, unpacked as .ci/run does',
  dovecot: 'dovecot-core',
  openssl: 'openssl',
};

const YES = '235 Authentication succeeded';
/** Exim has no other words for a refusal. */
const NO = '535 Incorrect authentication data';
const LATER = /^435 Unable to authenticate at present/;

describeWithPrograms(
  describe,
  'Exim and the relay agent',
  PROGRAMS,
  () => {
    let world: MailWorld;
    let ports: Readonly<Record<Way, number>>;
    type Way = 'Dovecot’s passwords' | 'its own passwords';
    type Where = Partial<Parameters<typeof smtpLogin>[0]>;
    const login = (way: Way, where: Where = {}) =>
      smtpLogin({ port: ports[way], tls: 'starttls', username: APP, password: PASSWORD, ...where });

    beforeAll(async () => {
      world = await MailWorld.start();
      await world.register(APP, ['127.0.0.1', '::1', '198.51.100.7', '2001:db8:7::/64']);
      await world.register(MOVING);
      ports = { 'Dovecot’s passwords': await freePort(), 'its own passwords': await freePort() };
      await startServers(world, ports['Dovecot’s passwords'], ports['its own passwords']);
    });
    afterAll(() => world?.end());

    describe.each([
      ['Dovecot’s passwords', '127.0.1'],
      ['its own passwords', '127.0.2'],
    ] as const)('with %s', (way, network) => {
      it.each(['PLAIN', 'LOGIN'] as const)(
        'accepts the right password from an allowed address, by %s',
        async (method) => {
          expect(await login(way, { method, from: '127.0.0.1' })).toBe(YES);
          expect(await login(way, { method, host: '::1', from: '::1' })).toBe(YES);
        },
      );

      it('refuses another address, and records the denial', async () => {
        expect(await login(way, { from: `${network}.2` })).toBe(NO);
        expect(await login(way, { from: `${network}.4`, method: 'LOGIN' })).toBe(NO);
        const denials = await until(
          async () => (await world.denialsOf(APP)).filter(({ ip }) => ip.startsWith(network)),
          'both denials',
          ({ length }) => length === 2,
        );
        const recorded = { reason: 'ip-not-authorized', relay: 'mx1', count: 1 };
        expect(denials).toMatchObject([
          { ip: `${network}.4`, ...recorded },
          { ip: `${network}.2`, ...recorded },
        ]);
      });

      it('takes the address that the balancer names by the PROXY protocol, and offers no AUTH where it names none', async () => {
        const proxied = (proxiedFor: string) => login(way, { from: '127.0.0.3', proxiedFor });
        expect(await proxied('198.51.100.7')).toBe(YES);
        expect(await proxied('2001:db8:7::25')).toBe(YES);
        expect(await proxied('198.51.100.8')).toBe(NO);
        expect(await proxied('2001:db8:8::25')).toBe(NO);
        expect(await proxied('UNKNOWN')).toBe('503 AUTH command used when not advertised');
      });

      it('asks nothing for a wrong password, and for an unknown user', async () => {
        const before = await world.questions();
        expect(await login(way, { from: `${network}.5`, password: 'wrong' })).toBe(NO);
        expect(await login(way, { from: `${network}.5`, password: 'wrong', method: 'LOGIN' })).toBe(NO);
        expect(await login(way, { username: 'nobody@acme.example' })).toBe(NO);
        expect(await world.questions()).toBe(before);
      });

      it('defers a user whom Postern does not know', async () => {
        expect(await login(way, { username: STRANGER })).toMatch(LATER);
      });

      it('refuses the next MAIL FROM of an open session whose user was restricted meanwhile', async () => {
        await world.restrict(MOVING, ['127.0.0.1']);
        const moving = { username: MOVING, password: PASSWORD };
        await until(
          () => login(way, moving),
          YES,
          (reply) => reply === YES,
        );
        const open = await SmtpSession.open({ port: ports[way], tls: 'starttls' });
        expect(await open.login(moving)).toBe(YES);
        expect(await open.send('a@acme.example', 'b@beta.example')).toMatch(/^250 OK id=/);
        await world.restrict(MOVING, [`${network}.9`]);
        await until(
          () => login(way, moving),
          NO,
          (reply) => reply === NO,
        );
        expect(await open.send('a@acme.example', 'b@beta.example')).toBe('MAIL FROM: 535 5.7.1 IP not authorized');
        open.close();
      });

      it('lets nobody in, and takes no further message, while the agent is down', async () => {
        const open = await SmtpSession.open({ port: ports[way], tls: 'starttls' });
        expect(await open.login({ username: APP, password: PASSWORD })).toBe(YES);
        await world.endAgent('SIGKILL');
        expect(await login(way)).toMatch(LATER);
        expect(await login(way, { method: 'LOGIN' })).toMatch(LATER);
        expect(await open.send('a@acme.example', 'b@beta.example')).toBe(
          'MAIL FROM: 454 4.7.0 Temporary authentication failure',
        );
        open.close();
        await world.startAgent();
        expect(await login(way)).toBe(YES);
      });
    });
  },
  true,
);

/** The servers as examples/exim configures them; what runs as a user of its own on a real machine runs as root here. */
async function startServers(world: MailWorld, dovecotPort: number, ownPort: number): Promise<void> {
  const dovecot = join(world.folder, 'dovecot');
  const sockets = join(world.folder, 'sockets');
  const { certFile, keyFile } = await makeCertificate(world.folder);
  await run('chown', ['Debian-exim', keyFile]);
  await run('install', ['-d', '-o', 'root', '-g', 'Debian-exim', '-m', '2750', sockets]);
  const realDovecot = await startDovecot({
    folder: dovecot,
    users: USERS,
    configuration: await exampleFile('postfix-dovecot/dovecot-2.3.conf', { 'user = postern': 'user = root' }),
    accepts: [{ path: join(dovecot, 'run', 'postern-auth') }],
  });
  world.endsWith(() => realDovecot.stop());
  await world.startAgent(
    await exampleFile('exim/agent.yaml', { '/var/spool/postern': sockets, '/run/dovecot': join(dovecot, 'run') }),
  );
  const configured = (port: number) =>
    exampleFile('exim/exim.conf', {
      '= 587': `= ${port}`,
      '/etc/exim4/exim.crt': certFile,
      '/etc/exim4/exim.key': keyFile,
      'balancers =\n': 'balancers = 127.0.0.3\n',
      '/var/spool/postern': sockets,
    });
  const byDovecot = await configured(dovecotPort);
  const passwords = join(world.folder, 'passwd');
  const { stdout: hash } = await run('openssl', ['passwd', '-6', PASSWORD]);
  await writeFile(
    passwords,
    Object.keys(USERS)
      .map((user) => `"${user}": ${hash}`)
      .join(''),
  );
  const [others] = (await configured(ownPort)).split('begin authenticators');
  const own = await exampleFile('exim/authenticators-own-passwords.conf', { '/etc/exim4/passwd': passwords });
  for (const [name, configuration, port] of [
    ['exim', byDovecot, dovecotPort],
    ['exim-own', `${others}${own}`, ownPort],
  ] as const) {
    const exim = await startExim({ folder: join(world.folder, name), configuration, port });
    world.endsWith(() => exim.stop());
  }
}
