import { describe } from '../http/control-plane.js';
import type { OnProblem } from '../problem.js';
import type { Replica } from '../replica/replica.js';
import { keep, revive } from './last-known-good.js';
import type { LastKnownGoodStore } from './last-known-good.js';

/** Policies that did not change are saved again so often, so that their age after a restart is about right. */
const UNCHANGED_MS = 3_600_000;

export interface PolicyKeeperOptions {
  readonly store: LastKnownGoodStore;
  readonly newReplica: (expectedUsers: number) => Replica;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
  readonly onProblem: OnProblem;
}

/** Keeps the last known good policies in a store, and finds them there again. A store that fails is reported, and no more. */
export class PolicyKeeper {
  private savedAt = Number.NEGATIVE_INFINITY;
  private savedRevision = -1;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: PolicyKeeperOptions) {}

  /**
   * What was kept, and how long ago the control plane was heard of; null where there is nothing that can be used. The age
   * at the saving was measured; the time since then is taken from the wall clock. Where that clock is now earlier than at
   * the saving it was set back, and nobody knows the age: it counts as infinite.
   */
  async load(): Promise<{ replica: Replica; contactAgeMs: number } | null> {
    try {
      const kept = await this.options.store.load();
      if (kept === null) return null;
      const { replica, savedAt, contactAgeMs } = revive(kept, this.options.newReplica);
      const since = this.options.clock() - savedAt;
      return { replica, contactAgeMs: since >= 0 ? contactAgeMs + since : Number.POSITIVE_INFINITY };
    } catch (error) {
      this.options.onProblem({ code: 'last-known-good-unusable', detail: describe(error) });
      return null;
    }
  }

  /** Keeps the policies, unless the last time was just now. One saving at a time. */
  save(replica: Replica, contactAgeMs: number, everyMs: number): void {
    const { store, clock, elapsed, onProblem } = this.options;
    const now = elapsed();
    const unchanged = replica.revision === this.savedRevision;
    if (now - this.savedAt < (unchanged && everyMs > 0 ? UNCHANGED_MS : everyMs)) return;
    this.savedAt = now;
    this.savedRevision = replica.revision;
    const kept = keep(replica, { savedAt: clock(), contactAgeMs });
    this.saving = this.saving
      .then(() => store.save(kept))
      .catch((error: unknown) => {
        this.savedRevision = -1;
        const detail = `The last known good policies could not be saved: ${describe(error)}`;
        onProblem({ code: 'last-known-good-unusable', detail });
      });
  }

  /** Resolves when nothing is being saved. */
  async idle(): Promise<void> {
    await this.saving;
  }
}
