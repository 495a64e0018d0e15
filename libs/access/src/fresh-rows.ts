import { BatchedLookUp } from '@postern/async';
import { databaseFailed, type Problem } from '@postern/http';
import { LRUCache } from 'lru-cache';

/** A revocation takes effect within a second: half for the cache, the rest for the look-up. */
export const FRESH_MS = 500;
export const MAX_CACHED_KEYS = 10_000;
/** Each waiting key belongs to a request that is open anyway. */
export const KEY_LOOK_UPS = { batch: 1_000, waiting: 20_000 };

/** Rows are looked up in batches and cached for a moment, also missing ones. */
export class FreshRows<Id extends string, Row extends object> {
  private readonly cached = new LRUCache<Id, { readonly row: Row | null }>({ max: MAX_CACHED_KEYS, ttl: FRESH_MS });
  private readonly lookUps: BatchedLookUp<Id, Row>;

  constructor(query: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Row>>) {
    const load = async (ids: readonly Id[]): Promise<ReadonlyMap<Id, Row>> => {
      const start = performance.now();
      const found = await query(ids);
      // The age counts from the start of the query, because the answer may be slow.
      for (const id of ids) this.cached.set(id, { row: found.get(id) ?? null }, { start });
      return found;
    };
    this.lookUps = new BatchedLookUp(load, KEY_LOOK_UPS, tooManyLookUps);
  }

  /** Calls `use` at once if the row is cached. @throws if the database fails. */
  with<Result>(id: Id, use: (row: Row | null) => Result): Result | Promise<Result> {
    const fresh = this.cached.get(id);
    return fresh ? use(fresh.row) : this.lookUps.find(id).then(use);
  }
}

function tooManyLookUps(): Problem {
  return databaseFailed('Too many API keys or sessions wait to be looked up. Nothing was done; send it again shortly.');
}
