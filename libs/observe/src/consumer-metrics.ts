import { endsWithin } from '@postern/async';
import { gauge } from './metrics.js';

interface Lag {
  readonly events: number;
  readonly seconds: number;
}

interface ObservedConsumer {
  /** Throws if it cannot be queried. */
  lag(): Promise<Lag>;
  status(): {
    /** Null if it advances. */
    readonly lastError: Error | null;
    /** It stops until somebody acts. For a consumer of topics: the number of partitions per topic. */
    readonly halted: boolean | ReadonlyMap<string, number>;
  };
}

/** Scrapes query the database at most this often. */
const FRESH_MS = 1_000;
/** A scrape waits this long for a hanging database. Then the figures are left out, because they are unknown. */
const MEASURE_TIMEOUT_MS = 2_000;

const consumers = new Map<string, ObservedConsumer>();
let last: { readonly at: number; readonly lags: Promise<ReadonlyMap<string, Lag>> } | undefined;

/** Also while the consumer is idle or stuck. */
export function observeConsumer(name: string, consumer: ObservedConsumer): void {
  consumers.set(name, consumer);
}

export interface ConsumerReport {
  readonly name: string;
  /** Null, like the seconds, if unknown. */
  readonly lagEvents: number | null;
  readonly lagSeconds: number | null;
  /** `failing`: it retries, and may recover. `halted`: somebody must act. */
  readonly state: 'caught-up' | 'catching-up' | 'failing' | 'halted';
  readonly reason: string | null;
}

export async function consumerReports(): Promise<ConsumerReport[]> {
  const lags = await measured();
  return [...consumers].map(([name, consumer]) => {
    const { events = null, seconds = null } = lags.get(name) ?? {};
    const { lastError, halted } = consumer.status();
    const halts = typeof halted === 'boolean' ? halted : [...halted.values()].some((partitions) => partitions > 0);
    const state = halts ? 'halted' : lastError ? 'failing' : events === 0 ? 'caught-up' : 'catching-up';
    return { name, lagEvents: events, lagSeconds: seconds, state, reason: lastError?.message ?? null };
  });
}

lagGauge(
  'postern_feed_lag_seconds',
  'seconds',
  'Age of the oldest event that the consumer has not handled; 0 if it has handled all. Missing while the database cannot be queried.',
);
lagGauge(
  'postern_feed_lag_events',
  'events',
  'Events that the consumer has not handled, counted up to 100,000. Left out while the database cannot be asked.',
);

function lagGauge(name: string, figure: keyof Lag, help: string) {
  gauge(name, help, ['consumer'], async (metric) => {
    metric.reset();
    for (const [consumer, lag] of await measured()) metric.set({ consumer }, lag[figure]);
  });
}

function measured(): Promise<ReadonlyMap<string, Lag>> {
  const now = performance.now();
  if (last === undefined || now - last.at > FRESH_MS) last = { at: now, lags: measure() };
  return last.lags;
}

async function measure(): Promise<ReadonlyMap<string, Lag>> {
  const lags = new Map<string, Lag>();
  const all = [...consumers].map(async ([name, consumer]) => {
    const known = await consumer.lag().catch(() => null);
    if (known) lags.set(name, known);
  });
  await endsWithin(Promise.all(all), MEASURE_TIMEOUT_MS);
  // A copy: a late result must not change it.
  return new Map(lags);
}

export const haltedPartitions = gauge(
  'postern_consumer_halted_partitions',
  'Partitions of the topic in which the consumer has halted: at a message that it cannot read or handle, or at a gap. Without Kafka, a topic counts as one partition.',
  ['consumer', 'topic'],
  (metric) => {
    metric.reset();
    for (const [consumer, observed] of consumers) {
      const { halted } = observed.status();
      if (typeof halted === 'boolean') continue;
      for (const [topic, partitions] of halted) metric.set({ consumer, topic }, partitions);
    }
  },
);
