import type { ApiKeyId } from '@postern/contracts';
import { countLimited } from '@postern/access';
import { Problem } from '@postern/http';

/** The token by which a process may set its `ExportLimits` otherwise. */
export const EXPORT_LIMITS = Symbol('export limits');

/** What bounds the exports of a process. */
export type ExportLimits = Readonly<typeof DEFAULT_EXPORT_LIMITS>;

export const DEFAULT_EXPORT_LIMITS = {
  /** At once, of all keys together: each takes a database connection for as long as it reads a page. */
  atOnce: 4,
  /** At once, by one API key. */
  atOnceByKey: 2,
  /** A reader that takes no 64 KiB within this is dropped. */
  stalledMs: 30_000,
  /** An export that takes longer is broken off, and says so. */
  totalMs: 3_600_000,
  /** Rows that are read, and held, at a time. */
  pageRows: 1_000,
};

/** Lets so many exports run at once, and so many of one key; none waits, since it might wait for an hour. */
export class ExportTurns {
  /** The keys of the exports that run. */
  private readonly running: ApiKeyId[] = [];

  constructor(private readonly limits: Pick<ExportLimits, 'atOnce' | 'atOnceByKey'>) {}

  /** The function that ends the turn, to be called once. Throws `too-many-requests`. */
  take(keyId: ApiKeyId): () => void {
    const ofKey = this.running.filter((id) => id === keyId).length;
    if (ofKey >= this.limits.atOnceByKey)
      throw tooMany(`This key has ${ofKey} exports running, as many as it may. Let one end, or end it, and try again.`);
    if (this.running.length >= this.limits.atOnce)
      throw tooMany('Other keys have as many exports running as there may be at once. Try again in a while.');
    this.running.push(keyId);
    return () => void this.running.splice(this.running.indexOf(keyId), 1);
  }
}

function tooMany(detail: string): Problem {
  countLimited('exports');
  // As long as a small export takes.
  return new Problem('too-many-requests', detail, { headers: { 'retry-after': '10' } });
}
