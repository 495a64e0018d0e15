import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { freePort } from '@postern/embedded-kafka';
import {
  describeWithPrograms,
  exampleFile,
  makeCertificate,
  MailWorld,
  runNginx,
  smtpLogin,
  until,
} from '@postern/testing';

const APP = 'app@acme.example';
const MOVING = 'moving@acme.example';
const STRANGER = 'stranger@acme.example';
const PASSWORD = 'correct horse battery staple';
const PROGRAMS = {
  nginx: 'nginx-light',
  '/usr/lib/nginx/modules/ngx_mail_module.so': 'libnginx-mod-mail',
  openssl: 'openssl',
};

const YES = /^235 /;
const NOT_AUTHORIZED = '535 5.7.1 IP not authorized';
const WRONG_PASSWORD = '535 5.7.8 Invalid login or password';
const LATER = '454 4.7.0 Temporary authentication failure';
/** Of nginx itself. */
const UNABLE = '451 4.3.2 Internal server error';

/** What an `auth_http` answers, or bytes that are no HTTP. A port is added to the headers. */
type Answer = { readonly status: number; readonly headers: Readonly<Record<string, string | string[]>> } | string;

const SERVER = { 'auth-server': '127.0.0.1' };
const ALLOWED = { status: 200, headers: { ...SERVER, 'auth-status': 'OK' } };
const REFUSED = {
  status: 200,
  headers: { 'auth-status': 'Invalid login or password', 'auth-error-code': '535 5.7.8' },
};
/** By the password that gets it, with what the client then sees. */
const BROKEN_ANSWERS: Readonly<Record<string, readonly [Answer, string]>> = {
  'an error that names a server': [{ status: 500, headers: SERVER }, LATER],
  'an error that allows': [{ ...ALLOWED, status: 500 }, LATER],
  'a redirection that allows': [{ status: 302, headers: { ...ALLOWED.headers, location: '/' } }, LATER],
  'no headers': [{ status: 200, headers: {} }, LATER],
  'a server without a verdict': [{ status: 200, headers: SERVER }, LATER],
  'an empty verdict': [{ status: 200, headers: { ...SERVER, 'auth-status': '' } }, LATER],
  'a blank verdict': [{ status: 200, headers: { ...SERVER, 'auth-status': '   ' } }, LATER],
  'two verdicts': [{ status: 200, headers: { ...SERVER, 'auth-status': ['OK', 'Invalid'] } }, LATER],
  'a verdict in small letters': [{ status: 200, headers: { ...SERVER, 'auth-status': 'ok' } }, '535 5.7.0 ok'],
  'a permission without a server': [{ status: 200, headers: { 'auth-status': 'OK' } }, UNABLE],
  'a permission for a server that is no address': [
    { status: 200, headers: { 'auth-status': 'OK', 'auth-server': 'mail.example' } },
    UNABLE,
  ],
  'an empty code': [
    { status: 200, headers: { ...REFUSED.headers, 'auth-error-code': '' } },
    '535 5.7.0 Invalid login or password',
  ],
  'a code that allows': [{ status: 200, headers: { ...REFUSED.headers, 'auth-error-code': '235 2.0.0' } }, LATER],
  'no answer at all': ['', LATER],
  'what is no HTTP': ['220 mx.example ESMTP\r\nAuth-Status: OK\r\n\r\n', LATER],
};

describeWithPrograms(describe, 'nginx mail and the relay agent', PROGRAMS, () => {
  let world: MailWorld;
  let platform: Platform;
  const ports = { submission: 0, proxied: 0 };

  type Where = Partial<Parameters<typeof smtpLogin>[0]>;
  const login = (where: Where = {}) =>
    smtpLogin({ port: ports.submission, tls: 'starttls', username: APP, password: PASSWORD, ...where });

  beforeAll(async () => {
    world = await MailWorld.start();
    await world.register(APP, ['127.0.0.1', '::1', '198.51.100.7', '2001:db8:7::/64']);
    await world.register(MOVING);
    for (const name of ['submission', 'proxied'] as const) ports[name] = await freePort();
    platform = await Platform.start(world);
    await startNginxMail(world, platform, ports);
  });
  afterAll(() => world?.end());

  it.each(['PLAIN', 'LOGIN'] as const)(
    'accepts the right password from an allowed address, by AUTH %s',
    async (method) => {
      expect(await login({ method, from: '127.0.0.1' })).toMatch(YES);
      expect(await login({ method, host: '::1', from: '::1' })).toMatch(YES);
    },
  );

  it('refuses another address with the text, and records the denial', async () => {
    const replies = [login({ from: '127.0.0.2' }), login({ from: '127.0.0.3', method: 'LOGIN' })];
    expect(await Promise.all(replies)).toEqual([NOT_AUTHORIZED, NOT_AUTHORIZED]);
    const denials = await until(
      () => world.denialsOf(APP),
      'both denials',
      ({ length }) => length === 2,
    );
    const recorded = { reason: 'ip-not-authorized', relay: 'mx1', count: 1 };
    expect(denials.toSorted((a, b) => a.ip.localeCompare(b.ip))).toMatchObject([
      { ip: '127.0.0.2', ...recorded },
      { ip: '127.0.0.3', ...recorded },
    ]);
  });

  it('takes the address that the balancer names by the PROXY protocol', async () => {
    const proxied = (proxiedFor: string) => login({ port: ports.proxied, proxiedFor, from: '127.0.0.6' });
    const allowed = await Promise.all(['198.51.100.7', '2001:db8:7::25'].map(proxied));
    for (const reply of allowed) expect(reply).toMatch(YES);
    const others = await Promise.all(['198.51.100.8', '2001:db8:8::25', 'UNKNOWN'].map(proxied));
    expect(others).toEqual([NOT_AUTHORIZED, NOT_AUTHORIZED, NOT_AUTHORIZED]);
  });

  it('asks nothing for a wrong password', async () => {
    const before = await world.questions();
    expect(await login({ password: 'wrong' })).toBe(WRONG_PASSWORD);
    expect(await login({ password: 'wrong', method: 'LOGIN' })).toBe(WRONG_PASSWORD);
    expect(await login({ username: 'nobody@acme.example' })).toBe(WRONG_PASSWORD);
    expect(await world.questions()).toBe(before);
  });

  it('defers a user whom Postern does not know, whose name and password are decoded once', async () => {
    platform.passwords.set('other@acme.example', 'per%25cent and space+');
    platform.passwords.set('app%40acme.example', PASSWORD);
    const unknown = [
      login({ username: STRANGER }),
      login({ username: 'other@acme.example', password: 'per%25cent and space+' }),
      login({ username: 'app%40acme.example' }),
    ];
    expect(await Promise.all(unknown)).toEqual([LATER, LATER, LATER]);
  });

  it('follows a change while nginx runs', async () => {
    expect(await login({ username: MOVING })).toMatch(YES);
    await world.restrict(MOVING, ['127.0.0.9']);
    await until(
      () => login({ username: MOVING }),
      NOT_AUTHORIZED,
      (reply) => reply === NOT_AUTHORIZED,
    );
  });

  it('says what the tenant chose: a text with the address and a link, or the very answer to a wrong password', async () => {
    const becomes = (expected: string) =>
      until(
        () => login({ from: '127.0.0.30' }),
        expected,
        (reply) => reply === expected,
      );
    const text = 'Add {ip} to your list';
    await world.setReply({ text, helpUrl: 'https://acme.example/smtp', opaque: false });
    await becomes('535 5.7.1 Add 127.0.0.30 to your list https://acme.example/smtp');
    await world.setReply({ text, helpUrl: null, opaque: true });
    await becomes(WRONG_PASSWORD);
    expect(await login({ from: '127.0.0.30', method: 'LOGIN' })).toBe(WRONG_PASSWORD);
    expect(await login({ from: '127.0.0.30', password: 'wrong' })).toBe(WRONG_PASSWORD);
    await world.setReply({ text: 'IP not authorized', helpUrl: null, opaque: false });
    await becomes(NOT_AUTHORIZED);
  });

  it('lets nobody in whatever else the platform’s backend answers', async () => {
    const cases = Object.entries(BROKEN_ANSWERS);
    const replies = await Promise.all(cases.map(([password]) => login({ password })));
    expect(Object.fromEntries(cases.map(([password], i) => [password, replies[i]]))).toEqual(
      Object.fromEntries(cases.map(([password, [, reply]]) => [password, reply])),
    );
  });

  it('lets nobody in while the platform’s backend is down', async () => {
    await platform.stop();
    expect(await login()).toBe(LATER);
    await platform.listen();
    expect(await login()).toMatch(YES);
  });

  it('lets nobody in while the agent is down', async () => {
    await world.endAgent('SIGKILL');
    expect(await login()).toMatch(/^451 /);
    expect(await login({ method: 'LOGIN' })).toMatch(/^451 /);
    await world.startAgent();
    expect(await login()).toMatch(YES);
  });
});

/** What the operator of nginx has: an `auth_http` with passwords, and the mail server behind nginx. */
class Platform {
  readonly passwords = new Map([APP, MOVING, STRANGER].map((user) => [user, PASSWORD]));
  port = 0;
  private server: Server | undefined;

  private constructor(private readonly mailPort: number) {}

  static async start(world: MailWorld): Promise<Platform> {
    const mail = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], useXClient: true });
    mail.listen(0, '127.0.0.1');
    await once(mail.server, 'listening');
    world.endsWith(() => new Promise<void>((done) => mail.close(done)));
    const platform = new Platform((mail.server.address() as AddressInfo).port);
    await platform.listen();
    world.endsWith(() => platform.stop());
    return platform;
  }

  async listen(): Promise<void> {
    this.server = createServer(({ headers }, response) => this.respond(headers, response));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  private respond(headers: IncomingHttpHeaders, response: ServerResponse): void {
    const [user = '', password = ''] = ['auth-user', 'auth-pass'].map((name) => decodeURIComponent(`${headers[name]}`));
    const answer = BROKEN_ANSWERS[password]?.[0] ?? (this.passwords.get(user) === password ? ALLOWED : REFUSED);
    if (typeof answer === 'string') return void response.socket?.end(answer);
    response.writeHead(answer.status, { ...answer.headers, 'auth-port': String(this.mailPort) }).end();
  }
}

/** nginx as examples/nginx-mail configures it. */
async function startNginxMail(
  world: MailWorld,
  platform: Platform,
  ports: { readonly submission: number; readonly proxied: number },
): Promise<void> {
  const folder = join(world.folder, 'nginx');
  await mkdir(folder);
  const { certFile, keyFile } = await makeCertificate(world.folder);
  await world.startAgent(
    await exampleFile('nginx-mail/agent.yaml', { 'http://127.0.0.1:9000': `http://127.0.0.1:${platform.port}` }),
  );
  const { submission, proxied } = ports;
  const configuration = await exampleFile('nginx-mail/nginx.conf', {
    '127.0.0.1:8035': world.agentAddress,
    'listen 587;': `listen 127.0.0.1:${submission}; listen [::1]:${submission}; listen 127.0.0.1:${proxied} proxy_protocol;`,
    '# set_real_ip_from 10.0.0.2': 'set_real_ip_from 127.0.0.6',
    '/etc/nginx/mx.crt': certFile,
    '/etc/nginx/mx.key': keyFile,
  });
  await writeFile(join(folder, 'nginx.conf'), `pid ${folder}/nginx.pid;\n${configuration}`);
  const nginx = await runNginx(folder, [submission, proxied]);
  world.endsWith(() => nginx.stop());
}
