import type { RelayClient, RelayStatus } from '@postern/relay-client';
import { counter, gauge } from '@postern/observe';

export const decisions = counter(
  'postern_agent_decisions_total',
  'Logins that were decided, by the protocol that asked',
  ['protocol', 'decision', 'reason'],
);
export const connectionErrors = counter(
  'postern_agent_connection_errors_total',
  'Connections that were closed because their peer does not speak the protocol, or the server behind it is gone',
  ['protocol'],
);
export const problems = counter('postern_agent_problems_total', 'What the log reports of the relay client, by code', [
  'code',
]);

/** Reports the connections of each listener at a scrape. */
export function observeConnections(open: () => Readonly<Record<string, number>>): void {
  gauge('postern_agent_connections', 'Open connections of mail servers', ['protocol'], (metric) => {
    for (const [protocol, connections] of Object.entries(open())) metric.set({ protocol }, connections);
  });
}

/** Reports the client's state at a scrape. */
export function observeClient(client: RelayClient): void {
  const figure = (name: string, help: string, of: (status: RelayStatus) => number | null) =>
    gauge(`postern_agent_${name}`, help, [], (metric) => {
      const value = of(client.status());
      // What is not known is left out: 0 would be a lie.
      if (value === null) metric.reset();
      else metric.set(value);
    });
  const total = (name: string, help: string, of: (status: RelayStatus) => number) =>
    counter(`postern_agent_${name}_total`, help, [], (metric) => {
      metric.reset();
      metric.inc(of(client.status()));
    });
  figure('connected', '1 while the policy stream is open', ({ connected }) => Number(connected));
  figure('key_refused', '1 while Postern refuses the relay key', ({ keyRefused }) => Number(keyRefused));
  figure('policies', 'SMTP users that are held', ({ policies }) => policies);
  figure('policies_bytes', 'Memory of the policies', ({ replicaBytes }) => replicaBytes);
  figure('policies_revision', 'The last revision that was applied', ({ revision }) => revision);
  figure('policies_age_seconds', 'Since the last contact with Postern', ageSeconds);
  figure(
    'denials_waiting',
    'Denial records that Postern has not acknowledged yet',
    ({ queuedDenials }) => queuedDenials,
  );
  total('denials_acknowledged', 'Denial records that Postern has acknowledged', (s) => s.acknowledgedDenials);
  total('denials_rejected', 'Denial records that Postern refused for good', (s) => s.rejectedDenials);
  total('denials_dropped', 'Denied logins that could not be recorded', (s) => s.droppedDenials);
  total('unknown_users', 'Logins of users whom no policy names', (s) => s.unknownUsers);
  total('reconnects', 'Times that the policy stream was opened again', (s) => s.reconnects);
}

/** Null where nobody knows. */
export function ageSeconds({ lastContactAt }: RelayStatus): number | null {
  return lastContactAt === null ? null : Math.max(0, (Date.now() - Date.parse(lastContactAt)) / 1_000);
}
