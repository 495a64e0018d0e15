import { createServer, type Server, type Socket } from 'node:net';
import { type Address, listenAt, type SocketAccess } from './listen.js';

export interface ListenerOptions {
  readonly address: Address;
  readonly access: SocketAccess;
  /** The setting that has the address. */
  readonly setting: string;
  /** More are closed as they come. */
  readonly maxConnections: number;
  /** A connection on which nothing came or went for so long is closed. 0: never. */
  readonly idleMs: number;
  /** Serves one connection. Its end, or a rejection, closes the connection. */
  readonly serve: (socket: Socket) => Promise<void>;
  /** A connection ended by an error of the peer or of `serve`. */
  readonly onError: (error: Error) => void;
}

/** A server of a line protocol with a bound on its connections. */
export class Listener {
  private readonly server: Server;
  private readonly open = new Set<Socket>();

  private constructor(private readonly options: ListenerOptions) {
    // Half-open: a peer that has sent its last line still reads its answer.
    this.server = createServer({ allowHalfOpen: true, keepAlive: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
    this.server.maxConnections = options.maxConnections;
  }

  /** Throws `SettingInvalid`. */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    listener.bound = await listenAt(listener.server, options.address, options.access, options.setting);
    return listener;
  }

  private bound: Address | undefined;

  get address(): Address {
    return this.bound ?? this.options.address;
  }

  get connections(): number {
    return this.open.size;
  }

  /** Takes no more connections, and closes those that are open once what was written to them is sent. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
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
    serve(socket)
      .catch((error: Error) => {
        if (!isEndOfConnection(error)) onError(error);
      })
      .finally(() => socket.destroySoon());
  }
}

function isEndOfConnection(error: NodeJS.ErrnoException): boolean {
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '');
}
