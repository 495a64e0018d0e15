import { endsWithin } from '@postern/async';
import { gauge } from './metrics.js';

/** How far a consumer is behind the journal at this moment. */
interface Lag {
  readonly events: number;
  readonly seconds: number;
}

/** Asked of the database at a scrape: not more often than this, however many scrape. */
const FRESH_MS = 1_000;
/** A scrape does not wait longer for a database that hangs; the figures are then left out, for they are not known. */
const MEASURE_TIMEOUT_MS = 2_000;

const consumers = new Map<string, () => Promise<Lag>>();
let last: { readonly at: number; readonly lags: Promise<ReadonlyMap<string, Lag>> } | undefined;

/** Measures the consumer's lag at each scrape, also while it handles nothing because it is idle or stuck. */
export function observeLag(consumer: string, lag: () => Promise<Lag>): void {
  consumers.set(consumer, lag);
}

lagGauge(
  'postern_feed_lag_seconds',
  'seconds',
  'Age of the oldest event that the consumer has not handled; 0 where it has handled all. Left out while the database cannot be asked.',
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
  const all = [...consumers].map(async ([consumer, lag]) => {
    const known = await lag().catch(() => null);
    if (known) lags.set(consumer, known);
  });
  await endsWithin(Promise.all(all), MEASURE_TIMEOUT_MS);
  // A copy: what comes too late is of a moment that has passed.
  return new Map(lags);
}

const haltedConsumers = new Map<string, () => ReadonlyMap<string, number>>();

/** Reports at each scrape in how many partitions of each of its topics the consumer halts. */
export function observeHalted(consumer: string, halted: () => ReadonlyMap<string, number>): void {
  haltedConsumers.set(consumer, halted);
}

export const haltedPartitions = gauge(
  'postern_consumer_halted_partitions',
  'Partitions of the topic in which the consumer goes no further until somebody acts: a message that it cannot read or handle.',
  ['consumer', 'topic'],
  (metric) => {
    metric.reset();
    for (const [consumer, halted] of haltedConsumers)
      for (const [topic, partitions] of halted()) metric.set({ consumer, topic }, partitions);
  },
);
