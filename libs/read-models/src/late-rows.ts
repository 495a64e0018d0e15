import { setTimeout as sleep } from 'node:timers/promises';
import { isBehind, JOURNAL_SOURCE, loadCheckpoint, type FeedPosition } from '@postern/event-store';
import type { EntityManager } from 'typeorm';
import { MOST_KEYS, type Rows } from './differences.js';
import type { ReadModel } from './read-model.js';

const PAUSE_MS = 500;
/** A consumer whose rows do not advance in this time is halted. */
const PATIENCE_MS = 15_000;

/** Rows of one table that are behind the journal, with their versions (0: missing). */
export class LateRows {
  private readonly versions = new Map<string, number>();
  private lastAdded: string | undefined;
  /** More rows than can be waited for. */
  uncompared = 0;

  /** @param sql returns `key` and `version` of the live rows with the keys `$1`. */
  constructor(private readonly sql: string) {}

  add(key: string, version: number): void {
    if (this.versions.size < MOST_KEYS) this.versions.set(key, version);
    else if (key !== this.lastAdded && !this.versions.has(key)) this.uncompared += 1;
    this.lastAdded = key;
  }

  get found(): { readonly missing: Rows; readonly behind: Rows } {
    const keys = [...this.versions.keys()];
    const missing = keys.filter((key) => this.versions.get(key) === 0);
    const behind = keys.filter((key) => this.versions.get(key) !== 0);
    return { missing: { rows: missing.length, keys: missing }, behind: { rows: behind.length, keys: behind } };
  }

  get size(): number {
    return this.versions.size;
  }

  /** A row that has advanced is fine: its earlier version was compared. */
  async forgetAdvanced(manager: EntityManager): Promise<void> {
    if (this.size === 0) return;
    const rows = await manager.query<{ key: string; version: number }[]>(this.sql, [[...this.versions.keys()]]);
    for (const { key, version } of rows) if (version > (this.versions.get(key) ?? 0)) this.versions.delete(key);
  }
}

/** Waits until every row has advanced, the consumer has applied the journal up to `end`, or the time is over. */
export async function waitForLateRows(
  manager: EntityManager,
  { schema, consumer }: ReadModel,
  end: FeedPosition,
  late: readonly LateRows[],
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let last = false; late.some(({ size }) => size > 0) && !last;) {
    await sleep(PAUSE_MS);
    const applied = await loadCheckpoint(manager, `${schema}.checkpoints`, consumer, JOURNAL_SOURCE);
    last = performance.now() > until || !isBehind(end, applied);
    for (const rows of late) await rows.forgetAdvanced(manager);
  }
}
