import { Client } from 'pg';
import { endsWithin, WakeSignal } from '@postern/async';

/** Of the one process that publishes. */
export const PUBLISHER_LOCK = 8_025_027;
/** How often a stand-by asks whether the lock is free, and how often the leader's connection is probed. */
const ASK_EVERY_MS = 1_000;
/** A probe without an answer for so long: the connection is taken for lost, since the server may have ended the session. */
const SILENT_AFTER_MS = 3_000;
/** The server ends a session of which it hears nothing for so long: a leader that is frozen loses its lock, too. */
const IDLE_SESSION_MS = 3_000;

/** Called when this process has become the leader; what it gives is called when it is no more, and leading ends when that resolves. */
export type Lead = () => { stop(): Promise<void> };

/**
 * Elects one leader among the processes by a session's advisory lock, on a connection of its own: where that breaks, the
 * database gives the lock to another, so the old leader stops at once. Tries for ever, until it is stopped.
 * `url` is that of any role, with its password. `onFailure` is called with each error, and then it tries again.
 */
export class LeaderElection {
  readonly #signal = new WakeSignal();
  readonly #running: Promise<void>;
  #leads = false;

  constructor(
    private readonly url: string,
    private readonly lead: Lead,
    private readonly onFailure: (error: Error) => void,
    private readonly lock: number = PUBLISHER_LOCK,
  ) {
    this.#running = this.#run();
  }

  get leads(): boolean {
    return this.#leads;
  }

  async stop(): Promise<void> {
    this.#signal.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#signal.closed) {
      await this.#session().catch((error: unknown) => {
        this.onFailure(error instanceof Error ? error : new Error(String(error)));
      });
      await this.#signal.pause(ASK_EVERY_MS);
    }
  }

  /** One connection, from the first question for the lock to its end. */
  async #session(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: SILENT_AFTER_MS,
      query_timeout: SILENT_AFTER_MS,
      keepAlive: true,
      application_name: 'postern-publisher',
    });
    const connection: { broken: Error | null } = { broken: null };
    const breaks = (error?: Error) => {
      connection.broken ??= error ?? new Error('The connection that holds the publisher’s lock has ended.');
      this.#signal.wake();
    };
    client.on('error', breaks);
    client.once('end', () => breaks());
    let leading: ReturnType<Lead> | undefined;
    try {
      await client.connect();
      await client.query(`SET idle_session_timeout = ${IDLE_SESSION_MS}`);
      while (!this.#signal.closed && connection.broken === null) {
        if (leading) await client.query('SELECT 1');
        else if (await this.#taken(client)) {
          this.#leads = true;
          leading = this.lead();
        }
        if (connection.broken === null) await this.#signal.wait(ASK_EVERY_MS);
      }
      if (connection.broken !== null) throw connection.broken;
    } finally {
      this.#leads = false;
      // The lock goes with the connection: first there is nothing more to send, then another may.
      await leading?.stop();
      // A connection on which nothing moves does not end by itself either.
      await endsWithin(client.end(), SILENT_AFTER_MS);
    }
  }

  async #taken(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [this.lock]);
    return rows[0]?.taken === true;
  }
}
