import { Gauge } from 'prom-client';
import { metrics } from './metrics.js';

const consumers = new Map<string, () => ReadonlyMap<string, number>>();

/** Has told at each scrape in how many partitions of each of its topics the consumer halts. */
export function observeHalted(consumer: string, halted: () => ReadonlyMap<string, number>): void {
  consumers.set(consumer, halted);
}

export const haltedPartitions = new Gauge({
  name: 'postern_consumer_halted_partitions',
  help: 'Partitions of the topic in which the consumer goes no further until somebody acts: a message that it cannot read or handle.',
  labelNames: ['consumer', 'topic'],
  registers: [metrics],
  collect() {
    this.reset();
    for (const [consumer, halted] of consumers)
      for (const [topic, partitions] of halted()) this.set({ consumer, topic }, partitions);
  },
});
