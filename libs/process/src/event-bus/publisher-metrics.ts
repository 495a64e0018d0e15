import type { PublisherStatus } from '@postern/event-bus';
import { Counter, Gauge } from 'prom-client';
import { metrics } from '@postern/observe';

let observed: (() => PublisherStatus) | undefined;

/** Has the process's publisher told at each scrape. */
export function observePublisher(status: () => PublisherStatus): void {
  observed = status;
}

export const eventsPublished = new Counter({
  name: 'postern_publisher_events_total',
  help: 'Events that this process has sent to Kafka and all in-sync replicas have; one that was sent again counts again.',
  registers: [metrics],
});

export const publisherLeader = new Gauge({
  name: 'postern_publisher_leader',
  help: '1 where this process publishes the journal’s events, 0 where it stands by. The sum over all processes must be 1.',
  registers: [metrics],
  collect() {
    this.set(observed?.().role === 'leader' ? 1 : 0);
  },
});

export const publisherHalted = new Gauge({
  name: 'postern_publisher_halted',
  help: '1 where an event can never be sent as it is, and all behind it wait: somebody must act.',
  registers: [metrics],
  collect() {
    this.set(observed?.().halted ? 1 : 0);
  },
});
