import type { AddressInfo, Server, Socket } from 'node:net';
import { callbackify } from 'node:util';
import { parseAddress } from '@postern/ip-ranges';
import { RelayClient } from '@postern/relay-client';
import type { RelayClientSettings, RelayStatus } from '@postern/relay-client';
import { SMTPServer } from 'smtp-server';
import { SmtpRefusal, authenticate } from './authenticate.js';
import { followKeyFile, readKeyFile } from './key-file.js';
import type { KeyFile } from './key-file.js';
import { Passwords } from './passwords.js';
import { takeProxyHeader } from './proxy-header.js';

const answer = callbackify(authenticate);

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface RelayOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: `127.0.0.1`. Any other than loopback needs `tls`, or `cleartext`. */
  readonly host?: string;
  /** Where only this machine can reach the port, as in a container that publishes it on loopback. */
  readonly cleartext?: 'allowed' | undefined;
  /** A key in a file can be replaced without a restart. */
  readonly postern: { readonly url: string } & ({ readonly key: string } | { readonly keyFile: KeyFile });
  /** Addresses of load balancers. They must begin with a PROXY header; nobody else may. Default: none. */
  readonly proxies?: readonly string[];
  readonly relayName: string;
  /** Usernames, and passwords or what `hashPassword` made of them. */
  readonly users: Readonly<Record<string, string>>;
  /** PEM. With it, a password is taken only after STARTTLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Takes what is wrong with the key file. Default: `console.error`. */
  readonly onKeyProblem?: (detail: string) => void;
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
 * The PROXY header is read here: smtp-server takes the balancer's address where a header names no client, and knows no version 2.
 */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { host = '127.0.0.1', port, tls, cleartext } = options;
  if (tls === undefined && cleartext !== 'allowed' && !LOOPBACK.has(host)) {
    throw new Error(`Passwords would cross the network in the clear on ${host}: give a certificate in "tls".`);
  }
  const passwords = await Passwords.of(options.users);
  const { url } = options.postern;
  const keyFile = 'keyFile' in options.postern ? options.postern.keyFile : null;
  const key = 'key' in options.postern ? options.postern.key : await readKeyFile(options.postern.keyFile);
  const postern = new RelayClient({ ...options.client, urls: [url], key, relayName: options.relayName });
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
        else callback(error instanceof SmtpRefusal ? error : temporaryError());
      });
    },
    onData(stream, _session, callback) {
      stream.on('end', () => callback(null));
      stream.resume();
    },
  });
  // A client that breaks its connection is no reason to end the relay.
  server.on('error', () => undefined);
  const waiting = readProxyHeaders(server.server, new Set(options.proxies?.map(addressText)));
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const unfollow =
    keyFile && followKeyFile(keyFile, (text) => postern.setKey(text), options.onKeyProblem ?? console.error);

  return {
    port: (server.server.address() as AddressInfo).port,
    status: () => postern.status(),
    async close() {
      unfollow?.();
      const closed = new Promise<void>((resolve) => server.close(resolve));
      for (const socket of waiting) socket.destroy();
      await closed;
      await postern.stop();
    },
  };
}

/**
 * Has the PROXY header of the proxies' connections read before smtp-server sees them, with the client's address as
 * theirs. Gives the connections that still wait for their header.
 */
function readProxyHeaders(server: Server, proxies: ReadonlySet<string>): ReadonlySet<Socket> {
  const waiting = new Set<Socket>();
  const accept = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const go = (): void => {
      for (const listener of accept) listener.call(server, socket);
    };
    const goAsClient = async (): Promise<void> => {
      waiting.add(socket);
      const client = await takeProxyHeader(socket);
      waiting.delete(socket);
      if (client === null) return;
      Object.defineProperty(socket, 'remoteAddress', { value: client });
      go();
    };
    if (proxies.has(addressText(socket.remoteAddress ?? ''))) void goAsClient();
    else go();
  });
  return waiting;
}

/** Canonical, so that a mapped address is the IPv4 one. What is no address stays as it is. */
function addressText(text: string): string {
  const address = parseAddress(text);
  return address.ok ? address.value.text : text;
}

/** Never "open": without an answer of our own, the client is to try again. */
function temporaryError(): SmtpRefusal {
  return new SmtpRefusal(454, '4.7.0', 'Temporary authentication failure');
}
