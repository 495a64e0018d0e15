import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export const metrics = new Registry();

const registers = [metrics];

type Collect<Metric> = (metric: Metric) => void | Promise<void>;

export function counter<Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
  collect?: Collect<Counter<Label>>,
) {
  return new Counter<Label>({ name, help, labelNames: [...labels], registers, ...collecting(collect) });
}

export function gauge<Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
  collect?: Collect<Gauge<Label>>,
) {
  return new Gauge<Label>({ name, help, labelNames: [...labels], registers, ...collecting(collect) });
}

function collecting<Metric>(collect?: Collect<Metric>) {
  return (
    collect && {
      collect(this: Metric) {
        return collect(this);
      },
    }
  );
}

/** Usually milliseconds, minutes if something is wrong. */
export function delayHistogram<Label extends string>(name: string, help: string, labels: readonly Label[]) {
  const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300];
  return new Histogram<Label>({ name, help, labelNames: [...labels], buckets, registers });
}

export function collectProcessMetrics(): void {
  if (!metrics.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics({ register: metrics });
}
