import type { Decision, RelayClient, RelayStatus } from '@postern/relay-client';
import { counter, gauge } from '@postern/observe';

const decided = new Map<
  string,
  { readonly labels: Readonly<Record<'protocol' | 'decision' | 'reason', string>>; logins: number }
>();

/** No login has to hash labels: a scrape reads this table. */
export function countDecision(protocol: string, { decision, reason }: Decision): void {
  const key = `${protocol} ${decision} ${reason}`;
  const found = decided.get(key);
  if (found) found.logins++;
  else decided.set(key, { labels: { protocol, decision, reason }, logins: 1 });
}

counter(
  'postern_agent_decisions_total',
  'Decided logins, by protocol',
  ['protocol', 'decision', 'reason'],
  (metric) => {
    metric.reset();
    for (const { labels, logins } of decided.values()) metric.inc(labels, logins);
  },
);
export const connectionErrors = counter(
  'postern_agent_connection_errors_total',
  'Connections that were closed because the peer does not speak the protocol, or the server behind the agent is not available',
  ['protocol'],
);
export const problems = counter('postern_agent_problems_total', 'Problems of the relay client in the log, by code', [
  'code',
]);

interface Observed {
  readonly client: Pick<RelayClient, 'status'>;
  readonly connections: () => Readonly<Record<string, number>>;
}
let observed: Observed | undefined;

export function observeAgent(agent: Observed): void {
  observed = agent;
}

gauge('postern_agent_connections', 'Open connections of mail servers', ['protocol'], (metric) => {
  for (const [protocol, open] of Object.entries(observed?.connections() ?? {})) metric.set({ protocol }, open);
});
figure('connected', '1 while the policy stream is open', ({ connected }) => Number(connected));
figure('key_refused', '1 while Postern refuses the relay key', ({ keyRefused }) => Number(keyRefused));
figure('policies', 'SMTP users in memory', ({ policies }) => policies);
figure('policies_bytes', 'Memory of the policies', ({ replicaBytes }) => replicaBytes);
figure('policies_revision', 'The last applied revision', ({ revision }) => revision);
figure('policies_age_seconds', 'Seconds since the last contact with Postern', ageSeconds);
figure(
  'policies_lag_seconds',
  'Age of the oldest change that Postern has not sent to relays yet, by its last heartbeat',
  ({ lagSeconds }) => lagSeconds,
);
figure('denials_waiting', 'Denial records that Postern has not acknowledged yet', ({ queuedDenials }) => queuedDenials);
figure(
  'denials_unsaved',
  'Denial records that are in memory only, because the disk cannot be written',
  ({ unsavedDenials }) => unsavedDenials,
);
total('denials_damaged', 'Lines of the denial spool that were damaged and left out', (s) => s.damagedDenials);
total('denials_acknowledged', 'Denial records that Postern has acknowledged', (s) => s.acknowledgedDenials);
total('denials_rejected', 'Denial records that Postern rejected; they are not sent again', (s) => s.rejectedDenials);
total('denials_dropped', 'Denied logins that could not be recorded', (s) => s.droppedDenials);
total('logins_counted', 'Logins of known users that were let through and counted for Postern', (s) => s.countedLogins);
total('logins_reported', 'Counted logins that Postern has accepted', (s) => s.reportedLogins);
total(
  'logins_dropped',
  'Logins that were dropped: there was no room, or Postern did not accept them within a day',
  (s) => s.droppedLogins,
);
total('unknown_users', 'Logins of unknown users', (s) => s.unknownUsers);
total('reconnects', 'Times that the policy stream was opened again', (s) => s.reconnects);

function figure(name: string, help: string, of: (status: RelayStatus) => number | null): void {
  gauge(`postern_agent_${name}`, help, [], (metric) => {
    const value = observed ? of(observed.client.status()) : null;
    // An unknown value is left out, because 0 would be wrong.
    if (value === null) metric.remove();
    else metric.set(value);
  });
}

function total(name: string, help: string, of: (status: RelayStatus) => number): void {
  counter(`postern_agent_${name}_total`, help, [], (metric) => {
    metric.reset();
    if (observed) metric.inc(of(observed.client.status()));
  });
}

export function ageSeconds({ lastContactAt }: RelayStatus): number | null {
  return lastContactAt === null ? null : Math.max(0, (Date.now() - Date.parse(lastContactAt)) / 1_000);
}
