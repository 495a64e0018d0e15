import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endsWithin } from '@postern/async';
import { type ListenAddress, listenAt, type SocketAccess } from './listen.js';

/** Calls `ask` with each question, and what that returns once the answer is there: a stop waits for the answers. */
export type Serve = (socket: Socket, ask: () => () => void) => Promise<void>;

/** Longer than Dovecot's own pause after a wrong password. */
const ANSWER_MS = 3_000;

export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly access: SocketAccess;
  /** The setting that has the address. */
  readonly setting: string;
  /** More are closed as they come. */
  readonly maxConnections: number;
  /** A connection on which nothing came or went for so long is closed. 0: never. */
  readonly idleMs: number;
  /** Serves one connection. Its end, or a rejection, closes the connection. */
  readonly serve: Serve;
  /** A connection ended by an error of the peer or of `serve`. */
  readonly onError: (error: Error) => void;
}

/** A server of a line protocol with a bound on its connections. */
export class Listener {
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  /** The questions that wait for their answers. */
  private readonly asked = new Set<Promise<void>>();
  /** With the port that was chosen for port 0. */
  address: ListenAddress;

  private constructor(private readonly options: ListenerOptions) {
    this.address = options.address;
    // Half-open: a peer that has sent its last line still reads its answer.
    this.server = createServer({ allowHalfOpen: true, keepAlive: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
    this.server.maxConnections = options.maxConnections;
  }

  /** Throws `SettingInvalid`. */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    listener.address = await listenAt(listener.server, options.address, options.access, options.setting);
    return listener;
  }

  get connections(): number {
    return this.open.size;
  }

  /** Takes no more connections, answers what was asked (for at most 3 s), and closes those that are open. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await endsWithin(Promise.all(this.asked), ANSWER_MS);
    // The answers are written in this turn of the event loop.
    await nextTurn();
    for (const socket of this.open) socket.destroySoon();
    await closed;
  }

  private accept(socket: Socket): void {
    const { idleMs, serve, onError } = this.options;
    this.open.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    // Without it an error of the socket would end the process; `serve` sees it as the end of its stream.
    socket.on('error', () => undefined);
    socket.once('close', () => this.open.delete(socket));
    serve(socket, () => this.ask())
      .catch((error: Error) => {
        if (!isEndOfConnection(error)) onError(error);
      })
      .finally(() => socket.destroySoon());
  }

  private ask(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.asked.add(promise);
    return () => {
      this.asked.delete(promise);
      resolve();
    };
  }
}

function isEndOfConnection(error: NodeJS.ErrnoException): boolean {
  return END_OF_CONNECTION.has(error.code ?? '');
}

const END_OF_CONNECTION = new Set([
  'ABORT_ERR',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
]);
