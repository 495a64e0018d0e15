import { collectDefaultMetrics, Registry } from 'prom-client';

/** The process's metrics, served at `GET /metrics` in Prometheus's text format. */
export const metrics = new Registry();

/** Adds the figures of Node itself: once a process. */
export function collectProcessMetrics(): void {
  if (!metrics.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics({ register: metrics });
}
