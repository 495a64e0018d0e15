import type { ApiKeyId } from '@postern/contracts';
import { countLimited } from '@postern/access';
import { Problem } from '@postern/http';

export const EXPORT_LIMITS = Symbol('export limits');

export type ExportLimits = Readonly<typeof DEFAULT_EXPORT_LIMITS>;

export const DEFAULT_EXPORT_LIMITS = {
  /** Each uses a database connection while it reads a page. */
  atOnce: 4,
  atOnceByKey: 2,
  /** A reader that does not take 64 KiB within this time is dropped. */
  stalledMs: 30_000,
  /** A longer export is cut off, with a last line that says so. */
  totalMs: 3_600_000,
  pageRows: 1_000,
};

/** No export waits, because it might wait for an hour. */
export class ExportSlots {
  private readonly running: ApiKeyId[] = [];

  constructor(private readonly limits: Pick<ExportLimits, 'atOnce' | 'atOnceByKey'>) {}

  /** Returns the function that frees the slot. @throws `too-many-requests`. */
  take(keyId: ApiKeyId): () => void {
    const ofKey = this.running.filter((id) => id === keyId).length;
    if (ofKey >= this.limits.atOnceByKey)
      throw tooMany(
        `This key has ${ofKey} running exports, the most that it may have. Wait until one ends, or end one.`,
      );
    if (this.running.length >= this.limits.atOnce)
      throw tooMany('This process is sending as many exports as it can. Send the request again after Retry-After.');
    this.running.push(keyId);
    return () => void this.running.splice(this.running.indexOf(keyId), 1);
  }
}

function tooMany(detail: string): Problem {
  countLimited('exports');
  return new Problem('too-many-requests', detail, { headers: { 'retry-after': '10' } });
}
