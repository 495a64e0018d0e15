import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Address, addressText } from '../listen/listen.js';
import type { Serve } from '../listen/listener.js';
import { boundedLines } from '../listen/bounded-lines.js';
import { isOpaque, type LoginCheck } from '../login-check.js';
import { fieldsOf, lineOf, parameter } from './tab-fields.js';

/** A SASL initial response may be long; Dovecot accepts 16 KiB. */
const MAX_LINE_BYTES = 32_768;
const MAX_PENDING = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** The connection is closed, which clients see as a temporary failure. */
class AuthProtocolBroken extends Error {
  override readonly name = 'AuthProtocolBroken';
}

/** Logins that Dovecot has not answered, by id: the client's address, and a callback for the answer. */
type Pending = Map<string, { readonly ip: string | undefined; readonly answered: () => void }>;

/**
 * Serves Postfix and Exim. Only the `OK` of a denied login is changed, into a `FAIL`. A deferred login closes the connection: then Postfix
 * answers 454 and Exim 435, and neither has a temporary `FAIL`.
 */
export async function serveDovecotAuth(
  dovecot: Address,
  check: LoginCheck,
  ...[socket, ask]: Parameters<Serve>
): Promise<void> {
  const upstream = createConnection({ ...dovecot, noDelay: true });
  upstream.on('error', () => undefined);
  const pending: Pending = new Map();
  try {
    await once(upstream, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }).catch((error: Error) => {
      throw new Error(`Dovecot cannot be reached at ${addressText(dovecot)}: ${error.message}`);
    });
    await Promise.race([
      pass(socket, upstream, (line) => remember(line, pending, ask)),
      pass(upstream, socket, (line) => answer(line, pending, check)),
    ]);
  } finally {
    upstream.destroy();
    for (const { answered } of pending.values()) answered();
  }
}

/** If `change` returns null, the connection is closed. */
function pass(
  from: Socket,
  to: Socket,
  change: (line: string) => Promise<string | null> | string | null,
): Promise<void> {
  return pipeline(
    from,
    async function* (source: Readable) {
      for await (const lines of boundedLines(source, MAX_LINE_BYTES)) {
        let sent = '';
        for (const line of lines) {
          const changed = await change(line);
          if (changed === null) {
            yield Buffer.from(sent, 'latin1');
            return;
          }
          sent += changed;
        }
        // In one piece: Exim waits for the complete greeting.
        yield Buffer.from(sent, 'latin1');
      }
    },
    to,
  );
}

function remember(line: string, pending: Pending, ask: () => () => void): string {
  const [command, id = '', , ...parameters] = fieldsOf(line);
  if (command === 'AUTH') {
    if (pending.size >= MAX_PENDING) throw new AuthProtocolBroken(`More than ${MAX_PENDING} logins wait.`);
    if (pending.has(id)) throw new AuthProtocolBroken('Two logins have the same id.');
    pending.set(id, { ip: parameter(parameters, 'rip'), answered: ask() });
  } else if (command === 'CANCEL') forget(id, pending);
  return `${line}\n`;
}

function forget(id: string, pending: Pending): void {
  pending.get(id)?.answered();
  pending.delete(id);
}

async function answer(line: string, pending: Pending, check: LoginCheck): Promise<string | null> {
  const [command, id = '', ...parameters] = fieldsOf(line);
  if (command === 'FAIL') forget(id, pending);
  if (command !== 'OK') return `${line}\n`;
  const login = pending.get(id);
  if (!login) throw new AuthProtocolBroken('Dovecot accepts a login that the mail server did not send.');
  const username = parameter(parameters, 'user');
  if (username === undefined) throw new AuthProtocolBroken('Dovecot accepts a login with no user, or with several.');
  const decision = await check({ username, ip: login.ip });
  forget(id, pending);
  if (decision.decision === 'allow') return `${line}\n`;
  if (decision.decision === 'defer' || !decision.reply) return null;
  // Dovecot's answer to a wrong password: FAIL with only the user.
  const reason = isOpaque(decision) ? [] : [`reason=${decision.reply.text}`];
  return lineOf(['FAIL', id, `user=${username}`, ...reason]);
}
