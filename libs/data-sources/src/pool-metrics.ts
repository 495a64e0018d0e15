import { gauge } from '@postern/observe';

export interface PoolFigures {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

export const observedPools = new Map<string, PoolFigures>();

export const connections = gauge(
  'postern_database_connections',
  'Connections of a pool, by database role: in use, or idle.',
  ['role', 'state'],
  (metric) => {
    for (const [role, { totalCount, idleCount }] of observedPools) {
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
    for (const [role, { waitingCount }] of observedPools) metric.set({ role }, waitingCount);
  },
);
