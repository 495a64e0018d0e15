import type { DataSource, EntityManager } from 'typeorm';

/** An older reading is repeated: the database's clock may have been set back. */
const FRESH_MS = 30_000;

/** The database's clock without a query each time; never ahead of it, at most one round trip behind. */
export class DatabaseClock {
  /** How far the database's clock (milliseconds since 1970) is ahead of this process's monotonic one. */
  #ahead: number | undefined;
  #readAt = -Infinity;

  /** The database's time in `ms` milliseconds, as RFC 3339. It queries only if necessary. */
  async in(ms: number, by: DataSource | EntityManager): Promise<string> {
    if (this.#ahead === undefined || performance.now() - this.#readAt > FRESH_MS) {
      const sent = performance.now();
      const [row] = await by.query<{ now: number }[]>(
        'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
      );
      this.forget();
      this.heard(Number(row?.now));
      return this.in(ms - (performance.now() - sent), by);
    }
    return new Date(this.#ahead + performance.now() + ms).toISOString();
  }

  /** A time that the database has just returned, milliseconds since 1970. */
  heard(time: number): void {
    const ahead = time - performance.now();
    const stale = performance.now() - this.#readAt > FRESH_MS;
    // A slow answer makes the clock seem late, so the best reading counts.
    if (this.#ahead !== undefined && !stale && ahead < this.#ahead) return;
    this.#ahead = ahead;
    this.#readAt = performance.now();
  }

  /** The connection went to another server, or its clock was set. */
  forget(): void {
    this.#ahead = undefined;
  }
}
