import type { DenialReport } from '@postern/contracts';

/** Where denials wait until the control plane has acknowledged them. Order is kept; an id is kept once. */
export interface DenialSpool {
  /** Denials that wait. */
  readonly size: number;
  /** False: there is no room, and the denial is not kept. Called on the path of a decision: it must not wait. */
  append(report: DenialReport): boolean;
  /** The oldest ones, `limit` at most; they stay. */
  peek(limit: number): Promise<readonly DenialReport[]>;
  /** Takes them off. Ids that are not there are left alone. */
  acknowledge(ids: readonly string[]): Promise<void>;
}

/** Keeps so many in memory: the default. What waits is lost with the process. */
export class InMemoryDenialSpool implements DenialSpool {
  /** In the order of arrival. */
  private readonly waiting = new Map<string, DenialReport>();

  constructor(private readonly capacity = 100_000) {}

  get size(): number {
    return this.waiting.size;
  }

  append(report: DenialReport): boolean {
    if (this.waiting.size >= this.capacity) return false;
    this.waiting.set(report.id, report);
    return true;
  }

  async peek(limit: number): Promise<readonly DenialReport[]> {
    const oldest: DenialReport[] = [];
    for (const report of this.waiting.values()) {
      if (oldest.length >= limit) break;
      oldest.push(report);
    }
    return oldest;
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.waiting.delete(id);
  }
}
