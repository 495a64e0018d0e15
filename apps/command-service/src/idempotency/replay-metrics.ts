import { metrics } from '@postern/observe';
import { Counter } from 'prom-client';

export const replaysTotal = new Counter({
  name: 'postern_idempotency_replays_total',
  help: 'Requests that were given the answer kept for their Idempotency-Key.',
  registers: [metrics],
});
