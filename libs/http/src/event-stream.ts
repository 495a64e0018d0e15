import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

export type StreamEnd = 'client-left' | 'too-slow' | 'key-revoked' | 'reset' | 'shutdown' | 'failed';

export interface EventStreamLimits {
  readonly maxClients: number;
  readonly maxClientsPerKey: number;
  readonly maxUnreadBytes: number;
  readonly stalledMs: number;
}

const REVOKED_GRACE_MS = 1_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would otherwise buffer the events.
  'x-accel-buffering': 'no',
};

/** Node's response with the headers that Fastify has set. Call `reply.hijack()` when the stream serves it. */
export function rawResponse(reply: FastifyReply): ServerResponse {
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  return reply.raw;
}

export function hasCapacityFor(keyId: string, open: ReadonlySet<EventStream>, limits: EventStreamLimits): boolean {
  let sameKey = 0;
  for (const stream of open) if (stream.keyId === keyId) sameKey++;
  return open.size < limits.maxClients && sameKey < limits.maxClientsPerKey;
}

/** Its only buffer is that of Node's socket, which is limited. */
export class EventStream {
  private reason: StreamEnd | null = null;
  private tookLast = performance.now();
  private onEnd: (reason: StreamEnd) => void = () => undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: Pick<EventStreamLimits, 'maxUnreadBytes' | 'stalledMs'>,
    readonly keyId: string,
  ) {
    response.once('close', () => this.finish('client-left'));
    response.on('error', () => undefined);
  }

  get ended(): StreamEnd | null {
    return this.reason;
  }

  /** If true, a status can no longer report an error. */
  get isOpen(): boolean {
    return this.response.headersSent;
  }

  /** Time since the client's connection took the last write. */
  get silentMs(): number {
    return performance.now() - this.tookLast;
  }

  whenEnded(listener: (reason: StreamEnd) => void): void {
    this.onEnd = listener;
  }

  open(): void {
    if (this.response.headersSent || this.reason) return;
    this.response.writeHead(200, { ...this.response.getHeaders(), ...HEADERS });
    this.response.flushHeaders();
  }

  /** Does not wait. A client with too many unread bytes is dropped. */
  send(bytes: Buffer): void {
    if (this.reason || bytes.length === 0) return;
    if (this.response.writableLength > this.limits.maxUnreadBytes) return this.drop('too-slow');
    this.response.write(bytes, this.took);
  }

  /** Resolves when there is room for more. A client that reads nothing for too long is dropped. */
  async sendAndWait(bytes: Buffer): Promise<void> {
    if (this.reason || bytes.length === 0) return;
    this.open();
    if (this.response.write(bytes, this.took)) return;
    await new Promise<void>((done) => {
      const stalled = setTimeout(() => this.drop('too-slow'), this.limits.stalledMs);
      const go = (): void => {
        clearTimeout(stalled);
        this.response.off('drain', go).off('close', go);
        done();
      };
      this.response.on('drain', go).on('close', go);
    });
  }

  end(reason: StreamEnd, last?: Buffer): void {
    if (this.reason) return;
    this.open();
    if (last) this.response.end(last);
    else this.response.end();
    // Without this, a client that does not read would keep the connection half open. For a revoked key, the kernel's buffer is dropped too.
    if (reason === 'key-revoked') setTimeout(() => this.response.socket?.resetAndDestroy(), REVOKED_GRACE_MS).unref();
    else setTimeout(() => this.response.destroy(), this.limits.stalledMs).unref();
    this.finish(reason);
  }

  private readonly took = (error?: Error | null): void => {
    if (!error) this.tookLast = performance.now();
  };

  private drop(reason: StreamEnd): void {
    this.response.destroy();
    this.finish(reason);
  }

  private finish(reason: StreamEnd): void {
    if (this.reason) return;
    this.reason = reason;
    this.onEnd(reason);
  }
}
