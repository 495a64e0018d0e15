import { Gauge } from 'prom-client';
import { metrics } from '@postern/observe';

/** What `pg`'s pool tells of itself. */
export interface PoolFigures {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

const pools = new Map<string, PoolFigures>();

/** Has the pool of a database role told at each scrape. */
export function observePool(role: string, pool: PoolFigures): void {
  pools.set(role, pool);
}

export const connections = new Gauge({
  name: 'postern_database_connections',
  help: 'Connections of a pool, by database role: in use, or idle.',
  labelNames: ['role', 'state'],
  registers: [metrics],
  collect() {
    for (const [role, { totalCount, idleCount }] of pools) {
      this.set({ role, state: 'idle' }, idleCount);
      this.set({ role, state: 'used' }, totalCount - idleCount);
    }
  },
});

export const waiting = new Gauge({
  name: 'postern_database_waiting_requests',
  help: 'Requests that wait for a connection of the pool, by database role.',
  labelNames: ['role'],
  registers: [metrics],
  collect() {
    for (const [role, { waitingCount }] of pools) this.set({ role }, waitingCount);
  },
});
