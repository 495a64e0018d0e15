import { counter, gauge } from '@postern/observe';

export const policiesPublished = counter(
  'postern_relay_policies_published_total',
  'Relay policies that this process has written to their topic',
);

export const publishFailures = counter(
  'postern_relay_policies_publish_failures_total',
  'Attempts to write relay policies to their topic that failed',
);

export const policyPublisherLeader = gauge(
  'postern_relay_policies_publisher_leader',
  '1 if this process writes the relay policies to their topic, 0 if it is on standby. The sum over all processes must be 1.',
);

export const policyPublisherHalted = gauge(
  'postern_relay_policies_publisher_halted',
  '1 if the relay policies cannot be written to their topic: an operator must act. Relays are not affected.',
);

export const policyRevision = gauge(
  'postern_relay_policy_revision',
  'Revision up to which the streams of this process were written',
);

export const streamClients = gauge('postern_relay_stream_clients', 'Open policy streams');

export const streamsEnded = counter('postern_relay_streams_ended_total', 'Policy streams that ended, by reason', [
  'reason',
]);

export const snapshotsTotal = counter(
  'postern_relay_snapshots_total',
  'Requests for a snapshot of the relay policies: begun, or refused because too many are being read',
  ['outcome'],
);

export const snapshotsOpen = gauge('postern_relay_snapshots_open', 'Snapshots that are being read at this moment');

export const snapshotBuilds = counter(
  'postern_relay_snapshot_builds_total',
  'How often the shared snapshot was read from the database',
);
