import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endsWithin } from '@postern/async';
import { type ListenAddress, listenAt, type SocketAccess } from './listen.js';

/** Calls `ask` for each request, and the returned function after the answer: a stop waits for answers. */
export type Serve = (socket: Socket, ask: () => () => void) => Promise<void>;

/** Longer than Dovecot's pause after a wrong password. */
const ANSWER_MS = 3_000;

export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly access: SocketAccess;
  readonly setting: string;
  readonly maxConnections: number;
  /** An idle connection is closed after this time; 0: never. */
  readonly idleMs: number;
  /** Serves one connection, and closes it when it ends or rejects. */
  readonly serve: Serve;
  readonly onError: (error: Error) => void;
}

export class Listener {
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private readonly pending = new Set<Promise<void>>();
  address: ListenAddress;

  private constructor(private readonly options: ListenerOptions) {
    this.address = options.address;
    // Half-open: a peer that has sent its last line still reads its answer.
    this.server = createServer({ allowHalfOpen: true, keepAlive: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
    this.server.maxConnections = options.maxConnections;
  }

  /** @throws `SettingInvalid`. */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    listener.address = await listenAt(listener.server, options.address, options.access, options.setting);
    return listener;
  }

  get connections(): number {
    return this.open.size;
  }

  /** Answers pending requests, for 3 s at most. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await endsWithin(Promise.all(this.pending), ANSWER_MS);
    // The answers are written in this turn of the event loop.
    await nextTurn();
    for (const socket of this.open) socket.destroySoon();
    await closed;
  }

  private accept(socket: Socket): void {
    const { idleMs, serve, onError } = this.options;
    this.open.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    // Without it, a socket's error would end the process; `serve` sees the end of its stream.
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
    this.pending.add(promise);
    return () => {
      this.pending.delete(promise);
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
