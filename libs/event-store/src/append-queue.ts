import type { Deadline } from '@postern/async';
import type { Appended, AppendRequest } from './append-request.js';

export interface Waiting {
  readonly requests: readonly AppendRequest[];
  readonly events: number;
  readonly bytes: number;
  readonly deadline: Deadline | null;
  readonly settle: (outcomes: readonly (Appended | Error)[] | Error) => void;
}

export const JOURNAL_LIMITS = {
  events: 512,
  bytes: 1024 * 1024,
  waitingItems: 4_096,
  waitingBytes: 32 * 1024 * 1024,
};

/** Collects what arrives while a batch is being sent: the busier the journal, the larger its batches. */
export class AppendQueue {
  readonly #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(private readonly limits: typeof JOURNAL_LIMITS) {}

  get length(): number {
    return this.#waiting.length;
  }

  offer(item: Waiting): boolean {
    const { waitingItems, waitingBytes } = this.limits;
    if (this.length >= waitingItems || (this.length > 0 && this.#bytes + item.bytes > waitingBytes)) return false;
    this.#waiting.push(item);
    this.#bytes += item.bytes;
    return true;
  }

  /** The next batch. An item that is larger than a batch goes alone. */
  take(): Waiting[] {
    let events = 0;
    let bytes = 0;
    const beyond = this.#waiting.findIndex((item, i) => {
      events += item.events;
      bytes += item.bytes;
      return i > 0 && (events > this.limits.events || bytes > this.limits.bytes);
    });
    return this.#remove(beyond === -1 ? this.length : beyond);
  }

  drain(): Waiting[] {
    return this.#remove(this.length);
  }

  #remove(count: number): Waiting[] {
    const removed = this.#waiting.splice(0, count);
    for (const { bytes } of removed) this.#bytes -= bytes;
    return removed;
  }
}
