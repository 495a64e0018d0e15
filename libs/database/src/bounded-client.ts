import { Deadline } from '@postern/async';
import { Client, type ClientConfig } from 'pg';

/** A query was aborted: at its work's deadline, or because the server did not answer. */
export class QueryGivenUp extends Error {
  override readonly name = 'QueryGivenUp';
}

/** A query that times out closes its connection, which pg would leave in the pool with the query running, and idle ones, which have probably failed too. */
export function boundedClients(prepare: boolean): typeof Client {
  const pool = new Set<BoundedClient>();

  class BoundedClient extends Client {
    readonly #silentAfterMs: number;
    #pending = 0;

    constructor(config: ClientConfig) {
      const { query_timeout: silentAfterMs = 0, ...rest } = config;
      super(rest);
      this.#silentAfterMs = silentAfterMs;
      pool.add(this);
      // The pool and its user do not always listen: a process that was frozen reads the connection's start and end at once. That must not end the process.
      this.on('error', () => undefined);
      this.once('end', () => pool.delete(this));
    }

    override query = ((...args: Parameters<Client['query']>) => {
      const deadline = Deadline.current;
      if (deadline?.passed) {
        const error = new QueryGivenUp('The time for the work was over before its query was sent.');
        if (this.#isIdle) return Promise.reject(error);
        // The transaction ends with the connection: no COMMIT and no ROLLBACK is sent now.
        this.#close(error);
      }
      const result: unknown = super.query(...(prepare ? prepared(args) : args));
      if (!(result instanceof Promise)) return result;
      this.#pending += 1;
      const endOfWork = deadline?.onPassed(() => this.#giveUp('The database did not answer before the deadline.'));
      const silent = () => this.#giveUp('The database did not answer: it is silent, or out of reach.');
      const timer = this.#silentAfterMs ? setTimeout(silent, this.#silentAfterMs) : undefined;
      return result
        .catch((error: unknown) => {
          // The server ends the connection after a fatal error. Until that arrives, the pool would give it to the next query.
          if ((error as { severity?: unknown }).severity === 'FATAL') void this.end();
          throw error;
        })
        .finally(() => {
          this.#pending -= 1;
          endOfWork?.();
          clearTimeout(timer);
        });
    }) as Client['query'];

    get #isIdle(): boolean {
      return this.#pending === 0 && this.getTransactionStatus() === 'I';
    }

    #giveUp(reason: string): void {
      const error = new QueryGivenUp(reason);
      this.#close(error);
      for (const other of pool) if (other.#isIdle) other.#close(error);
    }

    /** pg has no public way to end a silent connection: `end` waits for the server. */
    #close(error: QueryGivenUp): void {
      (this as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream.destroy(error);
    }
  }

  return BoundedClient;
}

/** More would mean that texts are assembled from requests. */
const MAX_PREPARED = 200;
const names = new Map<string, string>();

/** pg prepares a statement that has a name, at its first use on a connection. */
function prepared(args: Parameters<Client['query']>): Parameters<Client['query']> {
  const [text, values] = args as readonly unknown[];
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
  const name = names.get(text) ?? `s${names.size}`;
  if (!names.has(text) && names.size === MAX_PREPARED) return args;
  names.set(text, name);
  return [{ name, text, values }] as unknown as Parameters<Client['query']>;
}
