import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { WakeSignal } from '@postern/async';
import { describe } from '../control-plane.js';
import type { Replica } from '../replica/replica.js';
import type { Settings } from '../settings.js';
import { readPolicies, writePolicies } from './policy-file.js';
import type { TenantReplies } from './tenant-replies.js';

/** Unchanged policies are saved this often, so that their age is about right after a restart. */
const UNCHANGED_MS = 3_600_000;

/** Saves the policies in the data folder and loads them. Errors are reported, not thrown; the next save is a retry. */
export class LastKnownGood {
  private readonly path: string | null;
  private saved: { replica: Replica; revision: number; replies: number; at: number } | null = null;
  private seenAt = 0;
  private readonly signal = new WakeSignal();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    /** The confirmed policies to save; null if there are none. */
    private readonly current: () => Replica | null,
    private readonly replies: TenantReplies,
    private readonly contactAgeMs: () => number,
  ) {
    this.path = settings.dataDir === null ? null : join(settings.dataDir, 'policies');
  }

  /**
   * Loads the saved policies and replies, with the time since the last contact; null if nothing is usable. The file has the wall clock time of
   * the last contact, and its mtime is the latest time that a process saw. A clock behind either was set back: then nobody
   * knows the age, and it is Infinity.
   */
  async load(): Promise<{ replica: Replica; contactAgeMs: number } | null> {
    if (this.path === null) return null;
    const { clock, onProblem } = this.settings;
    try {
      const kept = await readPolicies(this.path, clock);
      if (kept === null) return null;
      this.seenAt = Math.round((await stat(this.path)).mtimeMs);
      if (kept.replies !== null)
        this.replies.restore(kept.replies, (error) => {
          onProblem({
            code: 'last-known-good-unusable',
            detail: `A saved reply cannot be used, so denials of its tenant are opaque: ${describe(error)}`,
          });
        });
      this.saved = {
        replica: kept.replica,
        revision: kept.revision,
        replies: this.replies.changes,
        at: this.settings.elapsed(),
      };
      const now = clock();
      const wasSetBack = now < Math.max(kept.contactAt, this.seenAt);
      return { replica: kept.replica, contactAgeMs: wasSetBack ? Number.POSITIVE_INFINITY : now - kept.contactAt };
    } catch (error) {
      onProblem({ code: 'last-known-good-unusable', detail: describe(error) });
      return null;
    }
  }

  start(): void {
    if (this.path !== null) this.running = this.run(this.path);
  }

  /** Saves without waiting for `saveEveryMs`: the first policies of a new relay, or a new snapshot. */
  saveSoon(): void {
    this.signal.wake();
  }

  async stop(): Promise<void> {
    this.signal.close();
    await this.running;
  }

  private async run(path: string): Promise<void> {
    for (let isLast = false; !isLast;) {
      await this.signal.wait(this.settings.saveEveryMs);
      isLast = this.signal.closed;
      try {
        await this.keep(path, isLast);
      } catch (error) {
        this.saved = null;
        const detail = `The policies could not be saved; the file may contain older ones: ${describe(error)}`;
        this.settings.onProblem({ code: 'last-known-good-unusable', detail });
      }
    }
  }

  private async keep(path: string, isLast: boolean): Promise<void> {
    const { clock, elapsed } = this.settings;
    const replica = this.current();
    const age = this.contactAgeMs();
    if (replica !== null && Number.isFinite(age) && (isLast || this.isDue(replica))) {
      const saved = { replica, revision: replica.revision, replies: this.replies.changes, at: elapsed() };
      this.seenAt = clock();
      await writePolicies(path, replica, this.seenAt - age, this.replies);
      this.saved = saved;
    }
    this.seenAt = Math.max(this.seenAt, clock());
    await utimes(path, this.seenAt / 1_000, this.seenAt / 1_000).catch(ignoreMissing);
  }

  private isDue(replica: Replica): boolean {
    const { saved } = this;
    if (saved === null || saved.replica !== replica || saved.revision !== replica.revision) return true;
    if (saved.replies !== this.replies.changes) return true;
    return this.settings.elapsed() - saved.at >= Math.min(UNCHANGED_MS, this.settings.maxStalenessMs / 10);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
