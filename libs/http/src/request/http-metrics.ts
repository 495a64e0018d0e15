import { Counter, Histogram } from 'prom-client';
import { metrics } from '@postern/observe';

/** `route` is the pattern that matched, never the path: the number of series stays that of the routes. */
export const httpRequests = new Counter({
  name: 'postern_http_requests_total',
  help: 'Requests by route and status; 499 where the client left before the answer was whole.',
  labelNames: ['method', 'route', 'status'],
  registers: [metrics],
});

export const httpSeconds = new Histogram({
  name: 'postern_http_request_duration_seconds',
  help: 'Time from the request to the end of its answer; event streams are left out.',
  labelNames: ['method', 'route'],
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 2.5, 10],
  registers: [metrics],
});
