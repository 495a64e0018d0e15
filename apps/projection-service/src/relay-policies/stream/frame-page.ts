import type { PolicyLag, Revision } from '@postern/contracts';
import { heartbeatOf, type PolicyTotals } from '../policy-totals.js';

/** A changed policy: its revision and its JSON. */
export interface ChangedPolicy {
  readonly revision: Revision;
  readonly line: string;
}

/** Consecutive changes, `after` to `upTo`, as the bytes of their SSE events: made once, written to every client. */
export class FramePage {
  private readonly bytes: Buffer;
  private readonly revisions: readonly Revision[];
  /** Where the event of the i-th change begins. */
  private readonly offsets: readonly number[];

  /** `totals`: those after the last change, where it is known that no other had followed it; `upTo` is then theirs. */
  constructor(
    readonly after: Revision,
    changes: readonly ChangedPolicy[],
    readonly totals: PolicyTotals | null,
  ) {
    const frames = changes.map(({ revision, line }) => `id: ${revision}\nevent: policy\ndata: ${line}\n\n`);
    let offset = 0;
    // Usernames, ranges and ids are ASCII, and so are the frames: a character is a byte.
    this.offsets = frames.map((frame) => (offset += frame.length) - frame.length);
    this.bytes = Buffer.from(frames.join(''), 'latin1');
    this.revisions = changes.map(({ revision }) => revision);
  }

  get upTo(): Revision {
    return this.totals?.revision ?? this.revisions.at(-1) ?? this.after;
  }

  get size(): number {
    return this.bytes.length;
  }

  /** The events behind a position between `after` and `upTo`. Nothing is copied. */
  behind(position: Revision): Buffer {
    if (position <= this.after) return this.bytes;
    const index = this.revisions.findIndex((revision) => revision > position);
    return index === -1 ? this.bytes.subarray(this.bytes.length) : this.bytes.subarray(this.offsets[index]);
  }
}

export function heartbeatFrame(totals: PolicyTotals, lag: PolicyLag): Buffer {
  return sseEvent('heartbeat', heartbeatOf(totals, lag));
}

/** Why a relay must take a snapshot. */
export type ResetReason = 'last-event-id-missing' | 'last-event-id-malformed' | 'revision-ahead';

export function resetFrame(reason: ResetReason): Buffer {
  return sseEvent('reset', { reason });
}

function sseEvent(event: string, data: unknown): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
