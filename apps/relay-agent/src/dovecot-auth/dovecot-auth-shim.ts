import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Address, addressText } from '../listen/listen.js';
import { boundedLines } from '../listen/bounded-lines.js';
import { isOpaque, type LoginCheck } from '../login-check.js';
import { fieldsOf, lineOf, parameter } from './tab-fields.js';

/** An initial response of SASL may be long; Dovecot itself accepts 16 KiB. */
const MAX_LINE_BYTES = 32_768;
/** Logins of one connection that wait for Dovecot's answer. */
const MAX_PENDING = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** The mail server or Dovecot sent what the protocol does not allow. The connection is closed, which clients see as a temporary failure. */
class AuthProtocolBroken extends Error {
  override readonly name = 'AuthProtocolBroken';
}

/** The client's address of each login that Dovecot has not answered, by its id. */
type Pending = Map<string, string | undefined>;

/**
 * Serves one connection of a mail server that speaks Dovecot's auth protocol (Postfix, Exim): everything passes to the real Dovecot and back, except
 * that an `OK` of a login that is not allowed becomes a `FAIL`. A login that must be deferred closes the connection: Postfix answers 454 and
 * Exim 435 then, while neither has a temporary `FAIL`.
 */
export async function serveDovecotAuth(socket: Socket, dovecot: Address, check: LoginCheck): Promise<void> {
  const upstream = createConnection({ ...dovecot, noDelay: true });
  upstream.on('error', () => undefined);
  const pending: Pending = new Map();
  try {
    await once(upstream, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }).catch((error: Error) => {
      throw new Error(`The real Dovecot is not reached at ${addressText(dovecot)}: ${error.message}`);
    });
    // The end of either side is the end of both.
    await Promise.race([
      pass(socket, upstream, (line) => remember(line, pending)),
      pass(upstream, socket, (line) => answer(line, pending, check)),
    ]);
  } finally {
    upstream.destroy();
  }
}

/** Passes lines from one to the other; `change` returns what is sent in place of a line, or null to close the connection. */
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

function remember(line: string, pending: Pending): string {
  const [command, id = '', , ...parameters] = fieldsOf(line);
  if (command === 'AUTH') {
    if (pending.size >= MAX_PENDING) throw new AuthProtocolBroken(`More than ${MAX_PENDING} logins wait.`);
    if (pending.has(id)) throw new AuthProtocolBroken('Two logins have one id.');
    pending.set(id, parameter(parameters, 'rip'));
  } else if (command === 'CANCEL') pending.delete(id);
  return `${line}\n`;
}

async function answer(line: string, pending: Pending, check: LoginCheck): Promise<string | null> {
  const [command, id = '', ...parameters] = fieldsOf(line);
  if (command === 'FAIL') pending.delete(id);
  if (command !== 'OK') return `${line}\n`;
  if (!pending.has(id)) throw new AuthProtocolBroken('Dovecot accepts a login that nobody asked about.');
  const ip = pending.get(id);
  pending.delete(id);
  const username = parameter(parameters, 'user');
  if (username === undefined) throw new AuthProtocolBroken('Dovecot accepts a login without one user.');
  const decision = await check({ username, ip });
  if (decision.decision === 'allow') return `${line}\n`;
  if (decision.decision === 'defer' || !decision.reply) return null;
  // Dovecot says to a wrong password: FAIL with the user alone.
  const reason = isOpaque(decision) ? [] : [`reason=${decision.reply.text}`];
  return lineOf(['FAIL', id, `user=${username}`, ...reason]);
}
