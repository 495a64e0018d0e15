import { BatchedLookUp } from '@postern/async';
import { databaseFailed, type Problem } from '@postern/http';
import { LRUCache } from 'lru-cache';

/** A revocation holds everywhere within a second: half of it is how old a look-up may be, the rest is its own time. */
export const FRESH_MS = 500;
export const MAX_CACHED_KEYS = 10_000;
/** Keys of one query, and keys that wait for theirs: a waiting key costs a request that is open anyway. */
export const KEY_LOOK_UPS = { batch: 1_000, waiting: 20_000 };

/** Rows by their id (API keys, sessions, sign-in codes): looked up together, and believed for a moment, also where there is none. */
export class FreshRows<Id extends string, Row extends object> {
  private readonly cached = new LRUCache<Id, { readonly row: Row | null }>({ max: MAX_CACHED_KEYS, ttl: FRESH_MS });
  private readonly lookUps: BatchedLookUp<Id, Row>;

  /** `query` finds the rows that are valid. */
  constructor(query: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Row>>) {
    const load = async (ids: readonly Id[]): Promise<ReadonlyMap<Id, Row>> => {
      const start = performance.now();
      const found = await query(ids);
      // As old as the question: the answer may have been long on its way.
      for (const id of ids) this.cached.set(id, { row: found.get(id) ?? null }, { start });
      return found;
    };
    this.lookUps = new BatchedLookUp(load, KEY_LOOK_UPS, tooManyLookUps);
  }

  /** What `use` makes of the row: at once where it was looked up a moment ago. Throws when the database is gone. */
  with<Result>(id: Id, use: (row: Row | null) => Result): Result | Promise<Result> {
    const fresh = this.cached.get(id);
    return fresh ? use(fresh.row) : this.lookUps.find(id).then(use);
  }
}

function tooManyLookUps(): Problem {
  return databaseFailed('Too many API keys or sessions wait to be looked up. Nothing was done; send it again shortly.');
}
