import type { ApiKeyId } from '@postern/contracts';
import { countLimited } from '@postern/access';
import { Problem } from '@postern/http';

/** What bounds the exports of a process. */
export interface ExportLimits {
  /** At once, of all keys together: each takes a database connection for as long as it reads a page. */
  readonly atOnce: number;
  /** At once, by one API key. */
  readonly atOnceByKey: number;
  /** A reader that takes no 64 KiB within this is dropped. */
  readonly stalledMs: number;
  /** An export that takes longer is broken off, and says so. */
  readonly totalMs: number;
  /** Rows that are read, and held, at a time. */
  readonly pageRows: number;
}

/** The token by which a process may set them otherwise. */
export const EXPORT_LIMITS = Symbol('export limits');

export const DEFAULT_EXPORT_LIMITS: ExportLimits = {
  atOnce: 4,
  atOnceByKey: 2,
  stalledMs: 30_000,
  totalMs: 3_600_000,
  pageRows: 1_000,
};

/** As long as a small export takes. */
const RETRY_AFTER = { 'retry-after': '10' };

/** Lets so many exports run at once, and so many of one key; none waits, since it might wait for an hour. */
export class ExportTurns {
  private readonly ofKeys = new Map<ApiKeyId, number>();
  private running = 0;

  constructor(private readonly limits: Pick<ExportLimits, 'atOnce' | 'atOnceByKey'>) {}

  /** The function that ends the turn, to be called once. Throws `too-many-requests`. */
  take(keyId: ApiKeyId): () => void {
    const ofKey = this.ofKeys.get(keyId) ?? 0;
    if (ofKey >= this.limits.atOnceByKey) {
      const detail = `This key has ${ofKey} exports running, as many as it may. Let one end, or end it, and try again.`;
      throw tooMany(detail);
    }
    if (this.running >= this.limits.atOnce) {
      const detail = 'Other keys have as many exports running as there may be at once. Try again in a while.';
      throw tooMany(detail);
    }
    this.ofKeys.set(keyId, ofKey + 1);
    this.running += 1;
    return () => this.end(keyId);
  }

  private end(keyId: ApiKeyId): void {
    const rest = (this.ofKeys.get(keyId) ?? 1) - 1;
    if (rest === 0) this.ofKeys.delete(keyId);
    else this.ofKeys.set(keyId, rest);
    this.running -= 1;
  }
}

function tooMany(detail: string): Problem {
  countLimited('exports');
  return new Problem('too-many-requests', detail, { headers: RETRY_AFTER });
}
