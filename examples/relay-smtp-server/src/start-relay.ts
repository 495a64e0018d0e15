import type { AddressInfo } from 'node:net';
import { parseAddress } from '@postern/ip-ranges';
import { RelayClient } from '@postern/relay-client';
import type { RelayClientSettings, RelayStatus } from '@postern/relay-client';
import { SMTPServer } from 'smtp-server';
import { authenticate, Passwords, SmtpRefusal } from './authenticate.js';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Not an address, so Postern denies a restricted user. */
const NO_CLIENT = 'unknown';

export interface RelayOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Default: `127.0.0.1`. Other addresses than loopback need `tls` or `cleartext`. */
  readonly host?: string;
  /** Only if no other machine can reach the port, as in a container that publishes it on loopback. */
  readonly cleartext?: 'allowed' | undefined;
  readonly postern: { readonly url: string; readonly key: string };
  /** Addresses of load balancers. They must begin with a PROXY header of version 1; nobody else may. Default: none. */
  readonly proxies?: readonly string[];
  readonly relayName: string;
  /** Passwords by username. */
  readonly users: Readonly<Record<string, string>>;
  /** PEM. With it, AUTH is accepted only after STARTTLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Further settings of the relay client. */
  readonly client?: Partial<RelayClientSettings>;
}

export interface RunningRelay {
  readonly port: number;
  status(): RelayStatus;
  /** Replaces the relay's API key. */
  setKey(key: string): void;
  close(): Promise<void>;
}

/** Starts an SMTP relay that asks Postern at AUTH. It accepts mail from users who are logged in, and discards it. */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { host = '127.0.0.1', port, tls, cleartext, proxies = [], relayName } = options;
  if (tls === undefined && cleartext !== 'allowed' && !LOOPBACK.has(host)) {
    throw new Error(`Passwords to ${host} would cross the network unencrypted: set a certificate in "tls".`);
  }
  const passwords = new Passwords(options.users);
  const { url, key } = options.postern;
  const postern = new RelayClient({ ...options.client, urls: [url], key, relayName });
  await postern.start();

  const balancers = new Set(proxies.map(addressText));
  const server = new SMTPServer({
    ...tls,
    name: relayName,
    // CRAM-MD5 and XOAUTH2 would need another password check, so they are not offered.
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: tls === undefined,
    ...(tls === undefined ? { hideSTARTTLS: true } : {}),
    disableReverseLookup: true,
    useProxy: [...proxies],
    onAuth(auth, { remoteAddress }, callback) {
      try {
        // For a PROXY header without a client, smtp-server has the balancer's address, which must not decide.
        const client = balancers.has(addressText(remoteAddress)) ? NO_CLIENT : remoteAddress;
        // smtp-server strips `::ffff:` as text. If the rest is not an address (`a00:1`), Postern denies a restricted user.
        callback(null, { user: authenticate(auth, client, passwords, postern) });
      } catch (error) {
        callback(error instanceof SmtpRefusal ? error : temporaryError());
      }
    },
    onData(stream, _session, callback) {
      stream.on('end', () => callback(null));
      stream.resume();
    },
  });
  // Without this handler, a broken connection would end the relay.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, resolve);
  });

  return {
    port: (server.server.address() as AddressInfo).port,
    status: () => postern.status(),
    setKey: (next) => postern.setKey(next),
    async close() {
      await new Promise<void>((resolve) => server.close(resolve));
      await postern.stop();
    },
  };
}

/** The canonical text: a mapped address becomes IPv4. Any other text is returned unchanged. */
function addressText(text: string): string {
  const address = parseAddress(text);
  return address.ok ? address.value.text : text;
}

/** On any other error, the client must try again; it is never let in. */
function temporaryError(): SmtpRefusal {
  return new SmtpRefusal(454, '4.7.0', 'Temporary authentication failure');
}
