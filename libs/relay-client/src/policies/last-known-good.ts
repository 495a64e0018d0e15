import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { WakeSignal } from '@postern/async';
import { describe } from '../control-plane.js';
import type { Replica } from '../replica/replica.js';
import type { Settings } from '../settings.js';
import { readPolicies, writePolicies } from './policy-file.js';
import type { TenantReplies } from './tenant-replies.js';

/** Policies that did not change are saved again so often at least: their age after a restart is about right then. */
const UNCHANGED_MS = 3_600_000;

/** Keeps the policies in a file of the data folder, and finds them again. What fails is reported, and tried again. */
export class LastKnownGood {
  private readonly path: string | null;
  private saved: { replica: Replica; revision: number; replies: number; at: number } | null = null;
  /** The latest wall time since the last saving. */
  private seenAt = 0;
  private readonly signal = new WakeSignal();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    /** The policies to keep, confirmed ones; null: there are none. */
    private readonly current: () => Replica | null,
    private readonly replies: TenantReplies,
    private readonly contactAgeMs: () => number,
  ) {
    this.path = settings.dataDir === null ? null : join(settings.dataDir, 'policies');
  }

  /**
   * What was kept, and how long ago the control plane was heard of; null where there is nothing that can be used. The replies
   * are restored. The file has the wall time of the last contact. Its own time (mtime) is the latest wall time that any process saw since. If the clock is behind
   * either, it was set back, and nobody knows how much time has passed: the age counts as infinite, never as short.
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
            detail: `A kept reply is not used, its tenant's denials are opaque: ${describe(error)}`,
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

  /** Keeps the policies from now on. */
  start(): void {
    if (this.path !== null) this.running = this.run(this.path);
  }

  /** Saves without waiting for `saveEveryMs`: the first policies of a new relay, or those of a new snapshot. */
  saveSoon(): void {
    this.signal.wake();
  }

  /** Keeps what there is now, and ends. */
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
        const detail = `The last known good policies could not be saved, older ones may be there: ${describe(error)}`;
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
    // A tenth of the age at which they would be too old.
    return this.settings.elapsed() - saved.at >= Math.min(UNCHANGED_MS, this.settings.maxStalenessMs / 10);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
