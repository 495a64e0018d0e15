import { Counter } from 'prom-client';
import { metrics } from '@postern/observe';

/** What a request was refused for with 429. */
export type Limit = 'api-key' | 'failed-authentication' | 'policy-snapshots' | 'policy-streams' | 'exports';

export const requestsLimited = new Counter<'limit'>({
  name: 'postern_requests_limited_total',
  help: 'Requests that were answered 429 too-many-requests, by the limit that they met.',
  labelNames: ['limit'],
  registers: [metrics],
});

/** Counts a request that meets the limit; to be called where its problem is thrown. */
export function countLimited(limit: Limit): void {
  requestsLimited.inc({ limit });
}
