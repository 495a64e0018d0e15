import { digestToHex, type Heartbeat, type PolicyLag } from '@postern/contracts';
import type { PolicyTotals } from '../published-policies.js';

export interface Change {
  readonly revision: number;
  /** Its SSE event. */
  readonly frame: string;
}

/** Consecutive changes of a table as the bytes of their SSE events: created once, written to every client. */
export class FramePage<End> {
  private readonly bytes: Buffer;
  private readonly offsets: readonly number[];

  /** @param end the table's state after the page, if no other change followed it */
  constructor(
    readonly after: number,
    readonly upTo: number,
    private readonly changes: readonly Change[],
    readonly end: End | null,
  ) {
    let offset = 0;
    this.offsets = changes.map(({ frame }) => (offset += Buffer.byteLength(frame)) - Buffer.byteLength(frame));
    this.bytes = Buffer.from(changes.map(({ frame }) => frame).join(''));
  }

  behind(position: number): Buffer {
    if (position <= this.after) return this.bytes;
    const index = this.changes.findIndex(({ revision }) => revision > position);
    return index === -1 ? this.bytes.subarray(this.bytes.length) : this.bytes.subarray(this.offsets[index]);
  }
}

export function heartbeatFrame({ revision, policies, digest }: PolicyTotals, lag: PolicyLag): Buffer {
  const heartbeat: Heartbeat = { revision, policies, digest: digestToHex(digest), ...lag };
  return Buffer.from(sseEvent('heartbeat', heartbeat));
}

export const RESET_REASONS = ['last-event-id-missing', 'last-event-id-malformed', 'revision-ahead'] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

export function resetFrame(reason: ResetReason): Buffer {
  return Buffer.from(sseEvent('reset', { reason }));
}

export function sseEvent(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
