import { describe } from '../http/control-plane.js';
import type { OnProblem } from '../problem.js';
import type { Replica } from '../replica/replica.js';
import { keep, revive } from './last-known-good.js';
import type { LastKnownGoodStore } from './last-known-good.js';

export interface PolicyKeeperOptions {
  readonly store: LastKnownGoodStore;
  readonly newReplica: (expectedUsers: number) => Replica;
  readonly clock: () => number;
  readonly onProblem: OnProblem;
}

/** Keeps the last known good policies in a store, and finds them there again. A store that fails is told, and no more. */
export class PolicyKeeper {
  private savedAt = Number.NEGATIVE_INFINITY;
  private savedRevision = -1;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: PolicyKeeperOptions) {}

  /** What was kept; null where there is nothing that can be used. */
  async load(): Promise<{ replica: Replica; lastContactAt: number } | null> {
    try {
      const kept = await this.options.store.load();
      if (kept === null) return null;
      return { replica: revive(kept, this.options.newReplica), lastContactAt: kept.lastContactAt };
    } catch (error) {
      this.options.onProblem({ code: 'last-known-good-unusable', detail: describe(error) });
      return null;
    }
  }

  /** Keeps the policies, unless the last time was just now or nothing has changed since. One saving at a time. */
  save(replica: Replica, lastContactAt: number | null, everyMs: number): void {
    const { store, clock, onProblem } = this.options;
    const now = clock();
    if (replica.revision === this.savedRevision || now - this.savedAt < everyMs) return;
    this.savedAt = now;
    this.savedRevision = replica.revision;
    const kept = keep(replica, lastContactAt ?? now);
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
