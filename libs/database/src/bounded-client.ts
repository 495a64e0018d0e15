import { Deadline } from '@postern/async';
import { Client, type ClientConfig } from 'pg';

/** A query was given up: at the deadline of its work, or because the server was silent. */
export class QueryGivenUp extends Error {
  override readonly name = 'QueryGivenUp';
}

/**
 * The class of one pool's connections. A query that is not answered in time costs the connection: pg's own `query_timeout` would leave it
 * in the pool with the query still on its way, and the next user would wait behind that. `query_timeout` is read here instead. It costs
 * the pool's idle connections too, for what cut off the one has cut off the others, and each would be found out by another user's wait.
 * @param prepare PostgreSQL parses and plans each statement with parameters once for each connection, not every time
 */
export function boundedClients(prepare: boolean): typeof Client {
  const pool = new Set<BoundedClient>();

  class BoundedClient extends Client {
    readonly #silentAfterMs: number;
    #asked = 0;

    constructor(config: ClientConfig) {
      const { query_timeout: silentAfterMs = 0, ...rest } = config;
      super(rest);
      this.#silentAfterMs = silentAfterMs;
      pool.add(this);
      this.once('end', () => pool.delete(this));
    }

    override query = ((...args: Parameters<Client['query']>) => {
      const deadline = Deadline.current;
      if (deadline?.passed) {
        const error = new QueryGivenUp('The time for the work was over before its query was sent.');
        if (this.#isIdle) return Promise.reject(error);
        // With the connection ends its transaction: not even a COMMIT or a ROLLBACK is sent now.
        this.#close(error);
      }
      const result: unknown = super.query(...(prepare ? prepared(args) : args));
      if (!(result instanceof Promise)) return result;
      this.#asked += 1;
      const endOfWork = deadline?.onPassed(() => this.#giveUp('The database did not answer before the deadline.'));
      const silent = () => this.#giveUp('The database did not answer: it is silent, or out of reach.');
      const timer = this.#silentAfterMs ? setTimeout(silent, this.#silentAfterMs) : undefined;
      return result.finally(() => {
        this.#asked -= 1;
        endOfWork?.();
        clearTimeout(timer);
      });
    }) as Client['query'];

    get #isIdle(): boolean {
      return this.#asked === 0 && this.getTransactionStatus() === 'I';
    }

    #giveUp(reason: string): void {
      const error = new QueryGivenUp(reason);
      this.#close(error);
      for (const other of pool) if (other.#isIdle) other.#close(error);
    }

    /** pg has no public way to end a connection on which nothing moves: `end` waits for the server. */
    #close(error: QueryGivenUp): void {
      (this as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream.destroy(error);
    }
  }

  return BoundedClient;
}

/** Statements that a process prepares; more of them would be texts that are put together from what was asked. */
const MAX_PREPARED = 200;
const names = new Map<string, string>();

/** The statement under a name of its own, where it has parameters: pg then prepares it at its first use on a connection. */
function prepared(args: Parameters<Client['query']>): Parameters<Client['query']> {
  const [text, values] = args as readonly unknown[];
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
  const name = names.get(text) ?? `s${names.size}`;
  if (!names.has(text) && names.size === MAX_PREPARED) return args;
  names.set(text, name);
  return [{ name, text, values }] as unknown as Parameters<Client['query']>;
}
