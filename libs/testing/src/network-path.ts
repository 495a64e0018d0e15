import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

export type Direction = 'to-server' | 'to-client';

const END = Symbol('end of the connection');
const BOTH: readonly Direction[] = ['to-server', 'to-client'];
/** A test that holds back more than this has a mistake. */
const MAX_HELD_CHUNKS = 100_000;

/**
 * The network between a client and a server of TCP, with the faults of a real one. In each of them the connections stay open, and
 * neither side hears of the fault.
 *
 * | call     | what happens to bytes                                                          | what it is like                 |
 * | -------- | ------------------------------------------------------------------------------ | ------------------------------- |
 * | `hold`   | they wait, and so does the end of a connection; `heal` delivers them in order  | lost packets that are sent again |
 * | `forget` | those of today's connections never arrive; new connections work                | a firewall that lost its state  |
 * | `close`  | both sides see the end, and new connections are refused until `open`           | a server that went away         |
 */
export class NetworkPath {
  private readonly links = new Set<Link>();
  private readonly held = new Set<Direction>();
  private holdFrom: string | null = null;
  private server: Server | undefined;

  private constructor(
    private readonly target: NetConnectOpts,
    private port = 0,
  ) {}

  /** A path to the server of the URL, with the URL that goes by it. */
  static async to(serverUrl: string): Promise<{ path: NetworkPath; url: string }> {
    const url = new URL(serverUrl);
    const host = decodeURIComponent(url.hostname);
    // PostgreSQL's socket is named by its port.
    const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${url.port}` } : { host, port: Number(url.port) };
    const path = new NetworkPath(target);
    await path.open();
    url.hostname = '127.0.0.1';
    url.port = String(path.port);
    return { path, url: url.toString() };
  }

  /** The server's address as clients reach it by this path. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  hold(...directions: readonly Direction[]): void {
    for (const direction of directions.length > 0 ? directions : BOTH) this.held.add(direction);
  }

  /** Holds both directions from the first chunk on that a client sends with this text in it. */
  holdFromText(text: string): void {
    this.holdFrom = text;
  }

  /** Resolves when all that was held is delivered, and the server has ended the connections that their clients had ended. */
  async heal(): Promise<void> {
    this.holdFrom = null;
    this.held.clear();
    await Promise.all([...this.links].map((link) => link.flush()));
  }

  forget(): void {
    for (const link of this.links) link.forget();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => (this.server ? this.server.close(() => done()) : done()));
    for (const link of this.links) link.destroy();
    await closed;
  }

  async open(): Promise<void> {
    const server = createServer((client) => {
      const link = new Link(client, connect(this.target), {
        isHeld: (direction, chunk) => this.isHeld(direction, chunk),
        closed: () => this.links.delete(link),
      });
      this.links.add(link);
    });
    this.server = server;
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  private isHeld(direction: Direction, chunk: Buffer | null): boolean {
    if (this.holdFrom !== null && direction === 'to-server' && chunk?.includes(this.holdFrom) === true) {
      this.holdFrom = null;
      this.hold();
    }
    return this.held.has(direction);
  }
}

interface Conditions {
  isHeld(direction: Direction, chunk: Buffer | null): boolean;
  closed(): void;
}

/** One connection through the path. */
class Link {
  private readonly waiting = { 'to-server': [] as (Buffer | typeof END)[], 'to-client': [] as (Buffer | typeof END)[] };
  private readonly ended: Promise<void>;
  private dropped = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly conditions: Conditions,
  ) {
    this.carry(client, 'to-server');
    this.carry(server, 'to-client');
    this.ended = Promise.all(
      [client, server].map((socket) => new Promise<void>((done) => socket.once('close', () => done()))),
    ).then(() => conditions.closed());
  }

  forget(): void {
    this.dropped = true;
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }

  async flush(): Promise<void> {
    if (this.dropped) return;
    const ends = this.waiting['to-server'].includes(END);
    for (const direction of BOTH) {
      for (const item of this.waiting[direction].splice(0)) this.deliver(direction, item);
    }
    if (ends) await this.ended;
  }

  private carry(from: Socket, direction: Direction): void {
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => this.pass(direction, chunk));
    from.on('close', () => this.pass(direction, END));
  }

  private pass(direction: Direction, item: Buffer | typeof END): void {
    if (this.dropped) return;
    const waiting = this.waiting[direction];
    if (this.conditions.isHeld(direction, item === END ? null : item) || waiting.length > 0) {
      if (waiting.length >= MAX_HELD_CHUNKS) throw new Error('The path holds too much. Heal it earlier.');
      waiting.push(item);
      return;
    }
    this.deliver(direction, item);
  }

  /** `end`, not `destroy`: what was written before it must arrive. */
  private deliver(direction: Direction, item: Buffer | typeof END): void {
    const to = direction === 'to-server' ? this.server : this.client;
    if (item === END) to.end(() => to.destroySoon());
    else if (!to.destroyed) to.write(item);
  }
}
