import { metrics } from '@postern/observe';
import { Counter, Gauge } from 'prom-client';
import type { Instances } from './instances.js';
import { SERVICES } from './routes.js';

let observed: Instances | undefined;

/** Has the instances told at each scrape. */
export function observeInstances(instances: Instances): void {
  observed = instances;
}

export const failures = new Counter({
  name: 'postern_gateway_failures_total',
  help: 'Requests that an instance did not answer: not-sent, cut-off, too-late or closing.',
  labelNames: ['service', 'failure'],
  registers: [metrics],
});

export const ready = new Gauge({
  name: 'postern_gateway_instance_ready',
  help: '1 where the instance of the service is ready.',
  labelNames: ['service', 'instance'],
  registers: [metrics],
  collect() {
    for (const service of SERVICES)
      for (const { url, missing } of observed?.of(service) ?? [])
        this.set({ service, instance: url }, missing === null ? 1 : 0);
  },
});

export const open = new Gauge({
  name: 'postern_gateway_open_requests',
  help: 'Requests that an instance is answering, streams among them.',
  labelNames: ['service', 'instance'],
  registers: [metrics],
  collect() {
    for (const service of SERVICES)
      for (const { url, open } of observed?.of(service) ?? []) this.set({ service, instance: url }, open);
  },
});
