import type { DataSource, EntityManager } from 'typeorm';

/** A reading older than this is taken again: the database's clock may have been set back. */
const FRESH_MS = 30_000;

/**
 * The database's clock, without a query each time. It is never ahead of the real one: a reading is taken
 * for as old as its answer, so that a moment computed by it comes early by the time of one answer, and not late.
 */
export class DatabaseClock {
  /** How far the database's clock (milliseconds since 1970) is ahead of this process's monotonic one. */
  #ahead: number | undefined;
  #readAt = -Infinity;

  /** The database's time when this process will have counted so many milliseconds, as RFC 3339. Asks only where it must. */
  async in(ms: number, by: DataSource | EntityManager): Promise<string> {
    if (this.#ahead === undefined || performance.now() - this.#readAt > FRESH_MS) {
      const asked = performance.now();
      const [row] = await by.query<{ now: number }[]>(
        'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
      );
      this.forget();
      this.heard(Number(row?.now));
      // What the question took is no longer left.
      return this.in(ms - (performance.now() - asked), by);
    }
    return new Date(this.#ahead + performance.now() + ms).toISOString();
  }

  /** A time that the database has just given, milliseconds since 1970. */
  heard(time: number): void {
    const ahead = time - performance.now();
    const stale = performance.now() - this.#readAt > FRESH_MS;
    // An answer that took long makes the clock seem late: the best reading counts.
    if (this.#ahead !== undefined && !stale && ahead < this.#ahead) return;
    this.#ahead = ahead;
    this.#readAt = performance.now();
  }

  /** The connection went to another server, or its clock was set. */
  forget(): void {
    this.#ahead = undefined;
  }
}
