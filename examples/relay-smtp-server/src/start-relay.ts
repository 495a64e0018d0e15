import type { AddressInfo } from 'node:net';
import { callbackify } from 'node:util';
import { RelayClient } from '@postern/relay-client';
import type { RelayClientSettings, RelayStatus } from '@postern/relay-client';
import { SMTPServer } from 'smtp-server';
import { SmtpRefusal, authenticate } from './authenticate.js';
import { Passwords } from './passwords.js';

const answer = callbackify(authenticate);

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface RelayOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: `127.0.0.1`. Any other than loopback needs `tls`, or `cleartext`. */
  readonly host?: string;
  /** Where only this machine can reach the port, as in a container that publishes it on loopback. */
  readonly cleartext?: 'allowed' | undefined;
  readonly postern: { readonly url: string; readonly key: string };
  readonly relayName: string;
  /** Usernames, and passwords or what `hashPassword` made of them. */
  readonly users: Readonly<Record<string, string>>;
  /** PEM. With it, a password is taken only after STARTTLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Further settings of the relay client. */
  readonly client?: Partial<RelayClientSettings>;
}

export interface RunningRelay {
  readonly port: number;
  status(): RelayStatus;
  close(): Promise<void>;
}

/**
 * Starts an SMTP relay that asks Postern at AUTH. It takes mail of users who are logged in, and throws it away.
 * A relay behind a load balancer also sets smtp-server's `useProxy`, to the balancer's addresses and no others.
 */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { host = '127.0.0.1', port, tls, cleartext } = options;
  if (tls === undefined && cleartext !== 'allowed' && !LOOPBACK.has(host)) {
    throw new Error(`Passwords would cross the network in the clear on ${host}: give a certificate in "tls".`);
  }
  const passwords = await Passwords.of(options.users);
  const postern = new RelayClient({ ...options.client, ...options.postern, relayName: options.relayName });
  await postern.start();

  const server = new SMTPServer({
    ...tls,
    name: options.relayName,
    // CRAM-MD5 and XOAUTH2 would need another password check; what is not offered can't go past this one.
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: tls === undefined,
    ...(tls === undefined ? { hideSTARTTLS: true } : {}),
    disableReverseLookup: true,
    onAuth(auth, session, callback) {
      // smtp-server strips `::ffff:` as text. What then is no address (`a00:1`) is refused for a restricted user.
      answer(auth, session.remoteAddress, passwords, postern, (error, user) => {
        if (error === null) callback(null, { user });
        else callback(error instanceof SmtpRefusal ? error : ourTrouble());
      });
    },
    onData(stream, _session, callback) {
      stream.on('end', () => callback(null));
      stream.resume();
    },
  });
  // A client that breaks its connection is no reason to end the relay.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, resolve);
  });

  return {
    port: (server.server.address() as AddressInfo).port,
    status: () => postern.status(),
    async close() {
      await new Promise<void>((resolve) => server.close(resolve));
      await postern.stop();
    },
  };
}

/** Never "open": without an answer of our own, the client is to try again. */
function ourTrouble(): SmtpRefusal {
  return new SmtpRefusal(454, '4.7.0', 'Temporary authentication failure');
}
