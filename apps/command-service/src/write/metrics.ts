import { counter, metrics } from '@postern/observe';
import { Histogram } from 'prom-client';

/** `command`: the route's operation id. `outcome`: `done`, or the problem's code. */
export const commandsTotal = counter(
  'postern_commands_total',
  'Commands carried out or refused, by name and outcome.',
  ['command', 'outcome'],
);

export const commandSeconds = new Histogram({
  name: 'postern_command_duration_seconds',
  help: 'Time from a command to its outcome, durable.',
  labelNames: ['command'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  registers: [metrics],
});

export const conflictsTotal = counter(
  'postern_command_conflicts_total',
  'Appends that found the SMTP user changed by another process and were decided again.',
);

export const denialsTotal = counter(
  'postern_denials_total',
  'Reported denials: accepted, known already (duplicate), or rejected.',
  ['outcome'],
);

export const droppedLoginsTotal = counter(
  'postern_decided_logins_dropped_total',
  'Logins that POST /v1/relay/decisions let through and that are missing in observed sources: too many waited for the database.',
);

export const replaysTotal = counter(
  'postern_idempotency_replays_total',
  'Requests that were given the answer stored for their Idempotency-Key.',
);
