import { collectDefaultMetrics, Registry } from 'prom-client';

/** The process's metrics, served at `GET /metrics` in Prometheus's text format. */
export const metrics = new Registry();

/** Seconds from a change to its effect somewhere else: milliseconds as a rule, and minutes where something is wrong. */
export const DELAY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300];

/** Adds the figures of Node itself: once a process. */
export function collectProcessMetrics(): void {
  if (!metrics.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics({ register: metrics });
}
