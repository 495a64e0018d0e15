import { Client } from 'pg';

/** What `journal.append` notifies. */
const CHANNEL = 'journal_appended';
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that broke without a word (a firewall, a pulled cable) is noticed by this. */
const PROBE_EVERY_MS = 30_000;

export interface WakeOnAppend {
  /** Resolves with the first connection; nothing needs to wait for it. */
  readonly listening: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Calls `onWake` after every commit of an append, and after every (re)connection, for what was missed in between.
 * It only wakes: the feed is the truth. Reconnects by itself, for ever. `url` is that of any role, with its password.
 */
export function wakeOnAppend(url: string, onWake: () => void): WakeOnAppend {
  return new Listener(url, onWake);
}

class Listener implements WakeOnAppend {
  readonly listening: Promise<void>;
  readonly #running: Promise<void>;
  #client: Client | undefined;
  #stopped = false;
  #endPause: () => void = () => undefined;
  #announce: () => void = () => undefined;

  constructor(
    private readonly url: string,
    private readonly onWake: () => void,
  ) {
    this.listening = new Promise((done) => (this.#announce = done));
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#stopped) {
      const began = Date.now();
      await this.#listenUntilItBreaks().catch(() => undefined);
      void this.#client?.end().catch(() => undefined);
      pause = Date.now() - began > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (!this.#stopped) await this.#pause(pause);
    }
  }

  async #listenUntilItBreaks(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: 5_000,
      query_timeout: 10_000,
      keepAlive: true,
      application_name: 'postern-wake',
    });
    this.#client = client;
    const broken = new Promise<void>((done) => {
      // A listener for good: without one, an error while it ends would end the process.
      client.on('error', () => done());
      client.once('end', () => done());
    });
    client.on('notification', () => this.onWake());
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    this.#announce();
    this.onWake();
    const probe = setInterval(() => void client.query('SELECT 1').catch(() => client.end()), PROBE_EVERY_MS);
    await broken;
    clearInterval(probe);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
