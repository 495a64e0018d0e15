import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to the database that a test can break: every connection is cut, and new ones are refused. */
export class BreakableRoute {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  private constructor(
    private readonly target: { readonly host: string; readonly port: number },
    private port = 0,
  ) {}

  /** A route to the database of the URL, with the URL that goes by it. */
  static async to(databaseUrl: string): Promise<{ route: BreakableRoute; url: string }> {
    const url = new URL(databaseUrl);
    const route = new BreakableRoute({ host: url.hostname, port: Number(url.port) });
    await route.mend();
    url.hostname = '127.0.0.1';
    url.port = String(route.port);
    return { route, url: url.toString() };
  }

  async break(): Promise<void> {
    const closed = new Promise<void>((done) => (this.server ? this.server.close(() => done()) : done()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.target);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    this.server = server;
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }
}
