import { Client } from 'pg';
import { endsWithin, WakeSignal } from '@postern/async';

/** How often a stand-by tries the lock, and how often the leader's connection is probed. */
const ASK_EVERY_MS = 1_000;
/** A probe without an answer for this long means a lost connection: the server may have ended the session. */
const SILENT_AFTER_MS = 3_000;
/** The server ends a silent session after this time, so that a frozen leader loses its lock. */
const IDLE_SESSION_MS = 3_000;

/** Called when this process becomes the leader. `stop` is called when it no longer is; leading ends when that resolves. */
type Lead = () => { stop(): Promise<void> };

interface ElectionOptions {
  readonly url: string;
  readonly lock: number;
  readonly applicationName: string;
  readonly lead: Lead;
  readonly onFailure: (error: Error) => void;
}

/** One leader by an advisory lock on its own connection. If that breaks, the old leader stops at once. */
export class LeaderElection {
  readonly #signal = new WakeSignal();
  readonly #running: Promise<void>;
  #leads = false;

  constructor(private readonly options: ElectionOptions) {
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
        this.options.onFailure(error instanceof Error ? error : new Error(String(error)));
      });
      await this.#signal.pause(ASK_EVERY_MS);
    }
  }

  async #session(): Promise<void> {
    const { url, applicationName, lead } = this.options;
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: SILENT_AFTER_MS,
      query_timeout: SILENT_AFTER_MS,
      keepAlive: true,
      application_name: applicationName,
    });
    const connection: { broken: Error | null } = { broken: null };
    const breaks = (error?: Error) => {
      connection.broken ??= error ?? new Error('The connection that holds the leader’s lock has ended.');
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
          leading = lead();
        }
        if (connection.broken === null) await this.#signal.wait(ASK_EVERY_MS);
      }
      if (connection.broken !== null) throw connection.broken;
    } finally {
      this.#leads = false;
      // The lock is released with the connection. Before that, the old leader must have stopped sending.
      await leading?.stop();
      await endsWithin(client.end(), SILENT_AFTER_MS);
    }
  }

  async #taken(client: Client): Promise<boolean> {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      this.options.lock,
    ]);
    return rows[0]?.taken === true;
  }
}
