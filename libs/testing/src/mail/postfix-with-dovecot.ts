import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@postern/embedded-kafka';
import { makeCertificate } from './certificate.js';
import { exampleFile } from './configuration.js';
import { startDovecot } from './dovecot.js';
import type { MailWorld } from './mail-world.js';
import { queueOf, startPostfix } from './postfix.js';

/** What `startPostfixWithDovecot` needs, for `describeWithPrograms`; and root. */
export const POSTFIX_WITH_DOVECOT = {
  postfix: 'postfix',
  dovecot: 'dovecot-core',
  'imap-login': 'dovecot-imapd',
  openssl: 'openssl',
};

/** The ports of Postfix, and of Dovecot's IMAP. */
export interface PostfixPorts {
  readonly submission: number;
  readonly submissions: number;
  /** Begins with a PROXY header. */
  readonly proxied: number;
  /** Where a proxy names the client and the user by XCLIENT. */
  readonly behindProxy: number;
  /** Of the Dovecot behind the agent, which asks the agent by auth-policy, except for SMTP. */
  readonly imap: number;
  /** Submission where Dovecot asks the agent for all protocols; and its IMAP. */
  readonly policy: number;
  readonly policyImap: number;
}

/**
 * Starts the agent, Postfix and two Dovecots as examples/postfix-dovecot configures them: one behind the agent, and one that asks it. What runs as a user of
 * its own on a real machine runs as root here. `users` are usernames with their passwords. All ends with the world.
 */
export async function startPostfixWithDovecot(
  world: MailWorld,
  users: Readonly<Record<string, string>>,
): Promise<PostfixPorts> {
  const ports = {
    submission: await freePort(),
    submissions: await freePort(),
    proxied: await freePort(),
    imap: await freePort(),
    behindProxy: await freePort(),
    policy: await freePort(),
    policyImap: await freePort(),
  };
  const dovecot = join(world.folder, 'dovecot');
  const postfix = join(world.folder, 'postfix');
  const queue = queueOf(postfix);
  const example = (name: string, replaced: Record<string, string>) => exampleFile(`postfix-dovecot/${name}`, replaced);

  const asks = await example('dovecot-2.3-auth-policy.conf', {
    '/var/spool/postfix': queue,
    '127.0.0.1:8035': world.agentAddress,
  });
  const asksExceptForSmtp = asks
    .replace(/^auth_policy_server_url.*\n/m, '')
    .replace('# auth_policy_server_url', 'auth_policy_server_url')
    .match(/^auth_policy_.*$/gm);
  const behind = await startDovecot({
    folder: dovecot,
    users,
    configuration: [
      await example('dovecot-2.3.conf', { 'user = postern': 'user = root' }),
      ...(asksExceptForSmtp ?? []),
    ].join('\n'),
    accepts: [{ path: join(dovecot, 'run', 'postern-auth') }, { port: ports.imap, host: '127.0.0.1' }],
    imapPort: ports.imap,
  });
  world.endsWith(() => behind.stop());

  // As agent.yaml says.
  const agentFolder = join(queue, 'postern');
  await promisify(execFile)('install', ['-d', '-o', 'root', '-g', 'postfix', '-m', '2750', agentFolder]);
  await world.startAgent(
    await example('agent.yaml', { '/var/spool/postfix': queue, '/run/dovecot': join(dovecot, 'run') }),
  );

  const { certFile, keyFile } = await makeCertificate(world.folder);
  const masterAt = (submission: number, submissions: number, proxied: number) =>
    example('postfix-master.cf', {
      '\nsubmission inet': `\n${submission} inet`,
      '\nsubmissions inet': `\n${submissions} inet`,
      '\n# 192.0.2.25:10587 inet': `\n127.0.0.1:${proxied} inet`,
      '\n#   -o': '\n  -o',
    });
  const policyServices = (await masterAt(ports.policy, await freePort(), await freePort())).replaceAll(
    '  -o smtpd_sasl_auth_enable=yes',
    '  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_sasl_path=private/auth',
  );
  const server = await startPostfix({
    folder: postfix,
    main: `smtpd_tls_cert_file = ${certFile}\nsmtpd_tls_key_file = ${keyFile}\n${await example('postfix-main.cf', {})}`,
    master: [
      await masterAt(ports.submission, ports.submissions, ports.proxied),
      policyServices,
      await exampleFile('nginx-mail/postfix-master.cf', { '127.0.0.1:10025': `127.0.0.1:${ports.behindProxy}` }),
    ].join('\n'),
    ports: [ports.submission, ports.policy, ports.behindProxy],
  });
  world.endsWith(() => server.stop());

  const policy = await startDovecot({
    folder: join(world.folder, 'dovecot-asking'),
    users,
    configuration: asks,
    accepts: [{ path: join(queue, 'private', 'auth') }, { port: ports.policyImap, host: '127.0.0.1' }],
    imapPort: ports.policyImap,
  });
  world.endsWith(() => policy.stop());
  return ports;
}
