import type { ServerResponse } from 'node:http';
import type { Revision } from '@postern/contracts';
import type { StreamLimits } from './stream-limits.js';

export type EndReason = 'client-left' | 'too-slow' | 'key-revoked' | 'reset' | 'shutdown' | 'failed';

/** How long the client of a revoked key may take what was written for it already. */
const REVOKED_GRACE_MS = 1_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would hold events back until a buffer is full.
  'x-accel-buffering': 'no',
};

/** One relay's open stream. Nothing is kept for it but what Node holds for its socket, which is bounded. */
export class StreamMember {
  /** Everything up to here was written to it. */
  position: Revision;
  /** Every change of a tenant's reply up to here was written to it; -1: none was. */
  repliesAt = -1;
  /** Has all that the tail has, and is written what the tail reads. */
  joined = false;
  /** Has had its first heartbeat. */
  greeted = false;
  private reason: EndReason | null = null;
  private onEnd: (reason: EndReason) => void = () => undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: StreamLimits,
    /** The key's text, to ask again whether it still holds. */
    readonly keyId: string,
    from: Revision,
  ) {
    this.position = from;
    response.once('close', () => this.finish('client-left'));
    response.on('error', () => undefined);
  }

  /** Why it ended; null while it is open. */
  get ended(): EndReason | null {
    return this.reason;
  }

  /** The answer has begun: an error can no longer be reported by a status. */
  get isOpen(): boolean {
    return this.response.headersSent;
  }

  whenEnded(listener: (reason: EndReason) => void): void {
    this.onEnd = listener;
  }

  open(): void {
    if (this.response.headersSent || this.reason) return;
    this.response.writeHead(200, { ...this.response.getHeaders(), ...HEADERS });
    this.response.flushHeaders();
  }

  /** Writes without waiting; a client that has left too much unread is dropped. */
  send(bytes: Buffer): void {
    if (this.reason || bytes.length === 0) return;
    if (this.response.writableLength > this.limits.maxUnreadBytes) return this.drop('too-slow');
    this.response.write(bytes);
  }

  /** Writes, and resolves when there is room for more; a client that reads nothing for too long is dropped. */
  async sendAndWait(bytes: Buffer): Promise<void> {
    if (this.reason || bytes.length === 0) return;
    this.open();
    if (this.response.write(bytes)) return;
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

  /** Ends it in order: what was written still goes out. */
  end(reason: EndReason, last?: Buffer): void {
    if (this.reason) return;
    this.open();
    if (last) this.response.end(last);
    else this.response.end();
    // A client that reads nothing would keep it half open. One whose key was revoked gets no more of what the kernel holds for it.
    if (reason === 'key-revoked') setTimeout(() => this.response.socket?.resetAndDestroy(), REVOKED_GRACE_MS).unref();
    else setTimeout(() => this.response.destroy(), this.limits.stalledMs).unref();
    this.finish(reason);
  }

  private drop(reason: EndReason): void {
    this.response.destroy();
    this.finish(reason);
  }

  private finish(reason: EndReason): void {
    if (this.reason) return;
    this.reason = reason;
    this.onEnd(reason);
  }
}
