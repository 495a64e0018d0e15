import { gauge } from '@postern/observe';

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

export const connections = gauge(
  'postern_database_connections',
  'Connections of a pool, by database role: in use, or idle.',
  ['role', 'state'],
  (metric) => {
    for (const [role, { totalCount, idleCount }] of pools) {
      metric.set({ role, state: 'idle' }, idleCount);
      metric.set({ role, state: 'used' }, totalCount - idleCount);
    }
  },
);

export const waiting = gauge(
  'postern_database_waiting_requests',
  'Requests that wait for a connection of the pool, by database role.',
  ['role'],
  (metric) => {
    for (const [role, { waitingCount }] of pools) metric.set({ role }, waitingCount);
  },
);
