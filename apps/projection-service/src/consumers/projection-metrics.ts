import { DELAY_BUCKETS, metrics } from '@postern/observe';
import { Counter, Gauge, Histogram } from 'prom-client';

const registers = [metrics];

/** From the append to what readers see: of the last event of each batch. */
export const projectionDelay = new Histogram({
  name: 'postern_projection_delay_seconds',
  help: 'Time from an event in the journal to its effect in the read model, of the last event of each batch',
  labelNames: ['consumer'],
  buckets: DELAY_BUCKETS,
  registers,
});

export const eventsApplied = new Counter({
  name: 'postern_projection_events_total',
  help: 'Events that a consumer has applied',
  labelNames: ['consumer'],
  registers,
});

export const policiesPublished = new Counter({
  name: 'postern_relay_policies_published_total',
  help: 'Relay policies that this process has written to their topic',
  registers,
});

export const publishFailures = new Counter({
  name: 'postern_relay_policies_publish_failures_total',
  help: 'Attempts to write relay policies to their topic that failed',
  registers,
});

let observed: (() => { readonly leads: boolean; readonly halted: boolean }) | undefined;

/** Has the process's publisher of relay policies told at each scrape. */
export function observePolicyPublisher(status: () => { readonly leads: boolean; readonly halted: boolean }): void {
  observed = status;
}

export const policyPublisherLeader = new Gauge({
  name: 'postern_relay_policies_publisher_leader',
  help: '1 where this process writes the relay policies to their topic, 0 where it stands by. The sum over all processes must be 1.',
  registers,
  collect() {
    this.set(observed?.().leads ? 1 : 0);
  },
});

export const policyPublisherHalted = new Gauge({
  name: 'postern_relay_policies_publisher_halted',
  help: '1 where the relay policies can never be written to their topic as it is: somebody must act. Relays are served without it.',
  registers,
  collect() {
    this.set(observed?.().halted ? 1 : 0);
  },
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

export const snapshotsTotal = new Counter({
  name: 'postern_relay_snapshots_total',
  help: 'Snapshots of the relay policies that were asked for: begun, or refused because too many are read',
  labelNames: ['outcome'],
  registers,
});

export const snapshotsOpen = new Gauge({
  name: 'postern_relay_snapshots_open',
  help: 'Snapshots that are being read at this moment',
  registers,
});

export const snapshotBuilds = new Counter({
  name: 'postern_relay_snapshot_builds_total',
  help: 'Times that a snapshot was read for all who take one: all policies, or the changes since the one before it',
  labelNames: ['extent'],
  registers,
});
