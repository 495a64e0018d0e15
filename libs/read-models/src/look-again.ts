import { setTimeout as sleep } from 'node:timers/promises';
import type { Difference } from './read-model.js';

/** A row that is not at the journal's version: it may be on its way. */
export interface MovingRow extends Difference {
  /** Of the live row; null where there is none. */
  readonly version: string | null;
}

const PAUSE_MS = 500;
/** For so long rows are looked at again: a consumer whose rows do not move meanwhile is halted. */
export const VERIFY_PATIENCE_MS = 15_000;
/** A rebuild replaces the rows in any case: it reports those that stay behind for so long. */
export const REBUILD_PATIENCE_MS = 2_000;

export interface LookAgain {
  /** By `performance.now()`. Each row is looked at once again also where this has passed. */
  readonly until: number;
  /** Whether the live consumer is known to have applied what the rows were compared with first: then one more look is enough. */
  hasApplied(): Promise<boolean>;
  /** Reads the journal up to its end, and returns those of the rows, by their keys, that are still not equal. */
  look(keys: readonly string[]): Promise<readonly MovingRow[]>;
}

/**
 * Looks at rows until each has the version of the journal, or has moved: a row under load need not stand still to be seen alive.
 * Returns the rows that differ: those that differ at the same version, and those that have not moved until the end.
 */
export async function lookAgain(
  first: readonly MovingRow[],
  { until, hasApplied, look }: LookAgain,
): Promise<Difference[]> {
  const differing: Difference[] = [];
  let moving = new Map(first.map((row) => [row.key, row]));
  for (let last = false; moving.size > 0 && !last;) {
    await sleep(PAUSE_MS);
    last = performance.now() > until || (await hasApplied());
    const now = await look([...moving.keys()]);
    differing.push(...now.filter(({ kind }) => kind === 'different'));
    moving = new Map(
      now
        .filter(({ key, kind, version }) => kind !== 'different' && moving.get(key)?.version === version)
        .map((row) => [row.key, row]),
    );
  }
  return [...differing, ...moving.values()];
}
