import { randomUUID } from 'node:crypto';
import { Backoff, WakeSignal } from '@postern/async';
import { Client } from 'pg';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE } from './session.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** How often the listener notifies itself, and how long it waits. A silent connection is replaced within the sum. */
const LISTENER_PROBE = { everyMs: 3_000, withinMs: 2_000 } as const;

export interface ListenerOptions {
  readonly url: string;
  /** For metrics, and in `pg_stat_activity`: `postern-listen-<name>`. */
  readonly name: string;
  readonly channels: readonly string[];
  /** Called after each notification, and with null after each (re)connection, because some may have been missed. */
  readonly onWake: (payload: string | null) => void;
  readonly probe?: { readonly everyMs: number; readonly withinMs: number };
}

export interface ListenerFigures {
  readonly name: string;
  readonly listening: boolean;
  readonly connections: number;
  /** How often its owner found something new, by what started the check. */
  readonly found: { readonly notification: number; readonly poll: number };
}

const listeners = new Set<Listener>();

export function listenerFigures(): ListenerFigures[] {
  return [...listeners].map((listener) => listener.figures);
}

/**
 * LISTEN on a connection of its own. A notification only wakes: its owner reads the tables, and also polls them slowly.
 * | state      | on                                                      | next             |
 * | ---------- | ------------------------------------------------------- | ---------------- |
 * | connecting | LISTEN is confirmed                                     | listening; wakes |
 * | connecting | an error, or no answer in time                          | pausing          |
 * | listening  | a notification                                          | listening; wakes |
 * | listening  | its own probe arrives                                   | listening        |
 * | listening  | its own probe does not arrive; the connection ends      | pausing          |
 * | pausing    | 50 ms, doubled up to 1 s                                | connecting       |
 * | any        | `stop`                                                  | stopped          |
 * The probe is a notification to itself: a pooler in transaction mode would answer a `SELECT 1`, but it forwards no notification.
 */
export class Listener {
  /** Resolves with the first connection. Nobody has to wait for it. */
  readonly listening: Promise<void>;
  readonly #running: Promise<void>;
  readonly #signal = new WakeSignal();
  readonly #backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  readonly #found = { notification: 0, poll: 0 };
  #client: Client | undefined;
  #isListening = false;
  #connections = 0;
  #announce: () => void = () => undefined;

  constructor(private readonly options: ListenerOptions) {
    this.listening = new Promise((done) => (this.#announce = done));
    this.#running = this.#run();
    listeners.add(this);
  }

  get figures(): ListenerFigures {
    const { name } = this.options;
    return { name, listening: this.#isListening, connections: this.#connections, found: { ...this.#found } };
  }

  foundBy(by: 'notification' | 'poll'): void {
    this.#found[by] += 1;
  }

  async stop(): Promise<void> {
    listeners.delete(this);
    this.#signal.close();
    this.#close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#signal.closed) {
      await this.#listenUntilItBreaks().catch(() => undefined);
      this.#isListening = false;
      this.#close();
      await this.#signal.pause(this.#backoff.nextMs());
    }
  }

  async #listenUntilItBreaks(): Promise<void> {
    const { url, name, channels, onWake, probe = LISTENER_PROBE } = this.options;
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: probe.withinMs,
      ...KEEP_ALIVE,
      application_name: `postern-listen-${name}`,
    });
    this.#client = client;
    const broken = new Promise<void>((done) => {
      // Permanent: without a listener, an error during the end would end the process.
      client.on('error', () => done());
      client.once('end', () => done());
    });
    const own = `postern_probe_${randomUUID().replaceAll('-', '')}`;
    let timer: NodeJS.Timeout | undefined;
    const probeLater = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = setTimeout(() => this.#close(), probe.withinMs);
        client.query('SELECT pg_notify($1, $2)', [own, '']).catch(() => this.#close());
      }, probe.everyMs);
    };
    client.on('notification', ({ channel, payload }) => {
      if (channel === own) probeLater();
      else onWake(payload ?? '');
    });
    await client.connect();
    await client.query([own, ...channels].map((channel) => `LISTEN ${channel}`).join('; '));
    this.#isListening = true;
    this.#connections += 1;
    this.#backoff.reset();
    this.#announce();
    onWake(null);
    probeLater();
    await broken;
    clearTimeout(timer);
  }

  /** At once: `end` would wait for a silent server. */
  #close(): void {
    (
      this.#client as unknown as { connection: { stream: { destroy(): void } } } | undefined
    )?.connection.stream.destroy();
  }
}
