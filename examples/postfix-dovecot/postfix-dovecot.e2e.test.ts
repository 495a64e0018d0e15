import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import {
  describeWithPrograms,
  holdingSocket,
  MailWorld,
  POSTFIX_WITH_DOVECOT,
  type PostfixPorts,
  smtpLogin,
  SmtpSession,
  startPostfixWithDovecot,
  until,
} from '@postern/testing';

const APP = 'app@acme.example';
const MOVING = 'moving@acme.example';
const STRANGER = 'stranger@acme.example';
const PASSWORD = 'correct horse battery staple';

const YES = '235 2.7.0 Authentication successful';
const WRONG_PASSWORD = '535 5.7.8 Error: authentication failed: (reason unavailable)';
const NOT_AUTHORIZED = '535 5.7.8 Error: authentication failed: IP not authorized';

describeWithPrograms(
  describe,
  'Postfix with Dovecot and the relay agent',
  POSTFIX_WITH_DOVECOT,
  () => {
    let world: MailWorld;
    let ports: PostfixPorts;

    type Where = Partial<Parameters<typeof smtpLogin>[0]>;
    const login = (where: Where = {}) =>
      smtpLogin({ port: ports.submission, tls: 'starttls', username: APP, password: PASSWORD, ...where });
    const session = () => SmtpSession.open({ port: ports.submission, tls: 'starttls' });
    const becomes = (reply: string, where: Where) =>
      until(
        () => login(where),
        reply,
        (came) => came === reply,
      );

    beforeAll(async () => {
      world = await MailWorld.start();
      await world.register(APP, ['127.0.0.1', '::1', '198.51.100.7', '2001:db8:7::/64']);
      await world.register(MOVING);
      ports = await startPostfixWithDovecot(world, { [APP]: PASSWORD, [MOVING]: PASSWORD, [STRANGER]: PASSWORD });
    });
    afterAll(() => world?.end());

    it.each(['PLAIN', 'LOGIN'] as const)(
      'accepts the right password from an allowed address, by AUTH %s',
      async (method) => {
        expect(await login({ method, from: '127.0.0.1' })).toBe(YES);
        expect(await login({ method, host: '::1', from: '::1' })).toBe(YES);
        expect(await login({ method, port: ports.submissions, tls: 'implicit' })).toBe(YES);
      },
    );

    it('refuses another address with the text, and records the denial', async () => {
      expect(await login({ from: '127.0.0.2' })).toBe(NOT_AUTHORIZED);
      expect(await login({ from: '127.0.0.3', method: 'LOGIN' })).toBe(NOT_AUTHORIZED);
      const recorded = { reason: 'ip-not-authorized', relay: 'mx1', count: 1 };
      expect(await recordedFrom('127.0.0.2', '127.0.0.3')).toMatchObject([
        { ip: '127.0.0.3', ...recorded },
        { ip: '127.0.0.2', ...recorded },
      ]);
    });

    it('takes the address that the balancer names by the PROXY protocol', async () => {
      const proxied = (proxiedFor: string) => login({ port: ports.proxied, proxiedFor });
      expect(await proxied('198.51.100.7')).toBe(YES);
      expect(await proxied('2001:db8:7::25')).toBe(YES);
      expect(await proxied('198.51.100.8')).toBe(NOT_AUTHORIZED);
      expect(await proxied('2001:db8:8::25')).toBe(NOT_AUTHORIZED);
    });

    it('takes the client and the user that a proxy names by XCLIENT, and asks at MAIL FROM', async () => {
      const mailFrom = async (address: string, user: string) => {
        const say = dialogueOn(connect(ports.behindProxy, '127.0.0.1'));
        await say();
        expect(await say(`XCLIENT ADDR=${address} LOGIN=${user}`)).toMatch(/^220 /);
        await say('EHLO client.example');
        const reply = await say('MAIL FROM:<a@acme.example>');
        return reply.startsWith('250 ') ? say('RCPT TO:<b@beta.example>') : reply;
      };
      expect(await mailFrom('198.51.100.7', APP)).toBe('250 2.1.5 Ok');
      expect(await mailFrom('198.51.100.9', APP)).toMatch(/^535 5\.7\.1 .*: IP not authorized$/);
      expect(await mailFrom('198.51.100.7', STRANGER)).toMatch(/^450 4\.7\.0 .*: Temporary authentication failure$/);
    });

    it('asks nothing and records nothing for a wrong password', async () => {
      const before = await world.questions();
      expect(await login({ from: '127.0.0.4', password: 'wrong' })).toBe(WRONG_PASSWORD);
      expect(await world.questions()).toBe(before);
      // Denials arrive in order: once this one is there, an earlier one would be, too.
      expect(await login({ from: '127.0.0.5' })).toBe(NOT_AUTHORIZED);
      await recordedFrom('127.0.0.5');
      expect((await world.denialsOf(APP)).map(({ ip }) => ip)).not.toContain('127.0.0.4');
    });

    it('defers a user whom Postern does not know', async () => {
      expect(await login({ username: STRANGER })).toMatch(/^454 4\.7\.0 Temporary authentication failure/);
    });

    it('follows a change while Postfix runs', async () => {
      expect(await login({ username: MOVING, from: '127.0.0.6' })).toBe(YES);
      await world.restrict(MOVING, ['127.0.0.7']);
      await becomes(NOT_AUTHORIZED, { username: MOVING, from: '127.0.0.6' });
      await world.restrict(MOVING, ['127.0.0.6']);
      await becomes(YES, { username: MOVING, from: '127.0.0.6' });
    });

    it('refuses the next MAIL FROM of an open session whose user was restricted meanwhile', async () => {
      await world.restrict(MOVING, ['127.0.0.1']);
      await becomes(YES, { username: MOVING });
      const open = await session();
      expect(await open.login({ username: MOVING, password: PASSWORD })).toBe(YES);
      expect(await open.send('a@acme.example', 'b@beta.example')).toMatch(/^250 2\.0\.0 Ok: queued as /);
      await world.restrict(MOVING, ['127.0.0.9']);
      await becomes(NOT_AUTHORIZED, { username: MOVING });
      expect(await open.send('a@acme.example', 'b@beta.example')).toBe(
        'MAIL FROM: 535 5.7.1 <a@acme.example>: Sender address rejected: IP not authorized',
      );
      open.close();
    });

    it('asks by Dovecot itself: SMTP and IMAP are guarded, only IMAP if Postfix asks, and an unknown user gets 535', async () => {
      expect(await login({ port: ports.policy })).toBe(YES);
      expect(await login({ port: ports.policy, from: '127.0.0.20' })).toBe(NOT_AUTHORIZED);
      expect(await login({ port: ports.policy, username: STRANGER })).toBe(
        '535 5.7.8 Error: authentication failed: Temporary authentication failure',
      );
      for (const port of [ports.imap, ports.policyImap]) {
        expect(await imapLogin('127.0.0.1', { port })).toMatch(/^a OK /m);
        expect(await imapLogin('127.0.0.21', { port })).toMatch(/^a NO \[ALERT\] IP not authorized\r$/m);
      }
      const before = await world.questions();
      expect(await login({ port: ports.policy, password: 'wrong' })).toBe(WRONG_PASSWORD);
      expect(await world.questions()).toBe(before);
      expect((await recordedFrom('127.0.0.20', '127.0.0.21')).map(({ relay }) => relay)).toEqual(['mx1', 'mx1']);
    });

    it('says what the tenant chose: a text with the address, or the very answer to a wrong password', async () => {
      await world.setReply({ text: 'Add {ip} to your list', helpUrl: null, opaque: false });
      await becomes('535 5.7.8 Error: authentication failed: Add 127.0.0.30 to your list', { from: '127.0.0.30' });
      await world.setReply({ text: 'Add {ip} to your list', helpUrl: null, opaque: true });
      await becomes(WRONG_PASSWORD, { from: '127.0.0.30' });
      expect(await login({ port: ports.policy, from: '127.0.0.30' })).toBe(WRONG_PASSWORD);
      expect(await imapLogin('127.0.0.30')).toBe(await imapLogin('127.0.0.30', { password: 'wrong' }));
      expect((await recordedFrom('127.0.0.30')).map(({ reason }) => reason)).toContain('ip-not-authorized');
      await world.setReply({ text: 'IP not authorized', helpUrl: null, opaque: false });
      await becomes(NOT_AUTHORIZED, { from: '127.0.0.30' });
    });

    it('decides while Postern is down, and delivers the denials afterwards, even if the agent is killed meanwhile', async () => {
      await world.killPostern();
      expect(await login()).toBe(YES);
      expect(await login({ from: '127.0.0.10' })).toBe(NOT_AUTHORIZED);
      await world.endAgent('SIGKILL');
      await world.startPostern();
      await world.startAgent();
      expect(await recordedFrom('127.0.0.10')).toMatchObject([{ reason: 'ip-not-authorized', relay: 'mx1', count: 1 }]);
    });

    it('decides after a start of the agent without Postern', async () => {
      await world.endAgent('SIGTERM');
      await world.killPostern();
      await world.startAgent();
      await becomes(YES, {});
      expect(await login({ from: '127.0.0.11' })).toBe(NOT_AUTHORIZED);
      await world.startPostern();
      expect(await recordedFrom('127.0.0.11')).toMatchObject([{ reason: 'ip-not-authorized', relay: 'mx1', count: 1 }]);
    });

    it('lets nobody in while the agent is down: 454, or an end before AUTH, and 450 at MAIL FROM', async () => {
      const open = await session();
      const loggedIn = await session();
      expect(await loggedIn.login({ username: APP, password: PASSWORD })).toBe(YES);
      await world.endAgent('SIGKILL');
      expect(await loggedIn.send('a@acme.example', 'b@beta.example')).toMatch(/^MAIL FROM: 450 4\.7\.1 /);
      loggedIn.close();
      expect(await open.login({ username: APP, password: PASSWORD })).toMatch(/^454 4\.7\.0 /);
      open.close();
      // An smtpd that has not connected yet cannot list AUTH, and ends.
      for (const reply of [await login(), await login(), await login()])
        expect(reply).toMatch(/^454 4\.7\.0 |^connection closed$/);
      expect(await login({ port: ports.policy })).toBe(WRONG_PASSWORD);
      await world.startAgent();
      await becomes(YES, {});
    });

    it('answers 454 to a login during which the agent is killed', async () => {
      const dialogue = await authLogin();
      await world.endAgent('SIGKILL');
      expect(await dialogue.finish()).toMatch(/^454 4\.7\.0 Temporary authentication failure/);
      await world.startAgent();
      await becomes(YES, {});
    });

    it('finishes a login that is under way when the agent stops', async () => {
      const dialogue = await authLogin();
      const ended = world.endAgent('SIGTERM');
      expect(await dialogue.finish()).toBe(YES);
      expect(await ended).toBe(0);
      await world.startAgent();
      await becomes(YES, {});
    });

    it('lets new sessions wait, and then decides, while the agent is killed and started again on the socket of systemd', async () => {
      await world.endAgent('SIGTERM');
      const configuration = await readFile(join(world.folder, 'agent.yaml'), 'utf8');
      const own = /^POSTERN_AGENT_DOVECOT_AUTH: unix:(.*)\n/m;
      await world.startAgent(
        configuration.replace(own, '').replace('# POSTERN_AGENT_DOVECOT_AUTH:', 'POSTERN_AGENT_DOVECOT_AUTH:'),
        holdingSocket(own.exec(configuration)?.[1] ?? '', 'dovecot-auth'),
      );
      try {
        await becomes(YES, {});
        for (let kills = 0; kills < 3; kills++) {
          const open = await session();
          await world.killAgentUnderManager();
          const replies = [login(), login({ from: '127.0.0.12' }), login({ method: 'LOGIN' })];
          expect(await Promise.all(replies)).toEqual([YES, NOT_AUTHORIZED, YES]);
          expect(await open.login({ username: APP, password: PASSWORD })).toBe(YES);
          open.close();
        }
        const dialogue = await authLogin();
        await world.killAgentUnderManager();
        expect(await dialogue.finish()).toMatch(/^454 4\.7\.0 Temporary authentication failure/);
      } finally {
        await world.endAgent('SIGTERM');
      }
      await world.startAgent(configuration);
      await becomes(YES, {});
    });

    /** Sends a command, unless there is none; resolves to the last line of the reply. */
    function dialogueOn(socket: Socket): (command?: string) => Promise<string> {
      const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
      return async (command) => {
        if (command !== undefined) socket.write(`${command}\r\n`);
        for (;;) {
          const { value = '', done } = await lines.next();
          if (done || /^\d{3} /.test(value)) return value;
        }
      };
    }

    /** A client in the middle of AUTH LOGIN: Postfix, the agent and Dovecot wait for the username. */
    async function authLogin(): Promise<{ finish(): Promise<string> }> {
      const socket = connectTls({ port: ports.submissions, host: '127.0.0.1', rejectUnauthorized: false });
      const reply = dialogueOn(socket);
      const base64 = (value: string) => Buffer.from(value).toString('base64');
      await reply();
      await reply('EHLO client.example');
      expect(await reply('AUTH LOGIN')).toBe(`334 ${base64('Username:')}`);
      return {
        finish: async () => {
          let answer = await reply(base64(APP));
          if (answer.startsWith('334 ')) answer = await reply(base64(PASSWORD));
          socket.destroy();
          return answer;
        },
      };
    }

    /** What Dovecot sends to an IMAP login of the user. */
    async function imapLogin(from: string, { password = PASSWORD, port = ports.imap } = {}): Promise<string> {
      const socket = connect({ port, host: '127.0.0.1', localAddress: from });
      socket.write(`a LOGIN ${APP} "${password}"\r\nb LOGOUT\r\n`);
      // A busy Dovecot says first that it waits for its own processes.
      return (await text(socket)).replace(/^\* OK Waiting .*\r\n/gm, '');
    }

    /** The denials of the user from these addresses, once each has one. */
    async function recordedFrom(...ips: string[]) {
      return until(
        async () => (await world.denialsOf(APP)).filter(({ ip }) => ips.includes(ip)),
        `denials from ${ips.join(', ')}`,
        (items) => ips.every((ip) => items.some((item) => item.ip === ip)),
      );
    }
  },
  true,
);
