import { metrics } from '@postern/service-kit';
import { Counter, Gauge } from 'prom-client';

const registers = [metrics];

/** Since how long the last event that was applied had been in the journal when it was. */
export const projectionLag = new Gauge({
  name: 'postern_projection_lag_seconds',
  help: 'Age of the last applied event at the moment it was applied; 0 where the consumer has applied all there is',
  labelNames: ['consumer'],
  registers,
});

export const eventsApplied = new Counter({
  name: 'postern_projection_events_total',
  help: 'Events that a consumer has applied',
  labelNames: ['consumer'],
  registers,
});

export const policyRevision = new Gauge({
  name: 'postern_relay_policy_revision',
  help: 'Revision up to which the streams of this process were written',
  registers,
});

export const streamClients = new Gauge({
  name: 'postern_relay_stream_clients',
  help: 'Open policy streams',
  registers,
});

export const streamsEnded = new Counter({
  name: 'postern_relay_streams_ended_total',
  help: 'Policy streams that ended, by reason',
  labelNames: ['reason'],
  registers,
});
