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
  /** 0: any free port. */
  readonly port: number;
  /** Default: `127.0.0.1`. Other addresses than loopback need `tls` or `cleartext`. */
  readonly host?: string;
  /** Only if no other machine can reach the port, as in a container that publishes it on loopback. */
  readonly cleartext?: 'allowed' | undefined;
  /** A key in a file can be replaced without a restart. */
  readonly postern: { readonly url: string } & ({ readonly key: string } | { readonly keyFile: KeyFile });
  /** Addresses of load balancers. They must begin with a PROXY header; nobody else may. Default: none. */
  readonly proxies?: readonly string[];
  readonly relayName: string;
  /** Passwords, or results of `hashPassword`, by username. */
  readonly users: Readonly<Record<string, string>>;
  /** PEM. With it, AUTH is accepted only after STARTTLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Called when the key file has no usable key. Default: `console.error`. */
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
 * Starts an SMTP relay that asks Postern at AUTH. It accepts mail from users who are logged in, and discards it.
 * The PROXY header is read here, because smtp-server uses the balancer's address for a header without a client, and does not support version 2.
 */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { host = '127.0.0.1', port, tls, cleartext } = options;
  if (tls === undefined && cleartext !== 'allowed' && !LOOPBACK.has(host)) {
    throw new Error(`Passwords to ${host} would cross the network unencrypted: set a certificate in "tls".`);
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
    // CRAM-MD5 and XOAUTH2 would need another password check, so they are not offered.
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: tls === undefined,
    ...(tls === undefined ? { hideSTARTTLS: true } : {}),
    disableReverseLookup: true,
    onAuth(auth, session, callback) {
      // smtp-server strips `::ffff:` as text. If the rest is not an address (`a00:1`), Postern denies a restricted user.
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
  // Without this handler, a broken connection would end the relay.
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
 * Reads the PROXY header of each connection from a proxy, sets the client's address on the connection, and passes it to smtp-server.
 * Returns the connections that still wait for their header.
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

/** The canonical text: a mapped address becomes IPv4. Any other text is returned unchanged. */
function addressText(text: string): string {
  const address = parseAddress(text);
  return address.ok ? address.value.text : text;
}

/** On any other error, the client must try again; it is never let in. */
function temporaryError(): SmtpRefusal {
  return new SmtpRefusal(454, '4.7.0', 'Temporary authentication failure');
}
