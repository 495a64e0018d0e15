import { metrics } from '@postern/observe';
import { Counter, Histogram } from 'prom-client';

/** `command`: the route's operation id. `outcome`: `done`, or the problem's code. */
export const commandsTotal = new Counter({
  name: 'postern_commands_total',
  help: 'Commands carried out or refused, by name and outcome.',
  labelNames: ['command', 'outcome'],
  registers: [metrics],
});

export const commandSeconds = new Histogram({
  name: 'postern_command_duration_seconds',
  help: 'Time from a command to its outcome, durable.',
  labelNames: ['command'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  registers: [metrics],
});

export const conflictsTotal = new Counter({
  name: 'postern_command_conflicts_total',
  help: 'Appends that found the SMTP user changed by another process and were decided again.',
  registers: [metrics],
});

export const denialsTotal = new Counter({
  name: 'postern_denials_total',
  help: 'Reported denials: accepted, known already (duplicate), or rejected.',
  labelNames: ['outcome'],
  registers: [metrics],
});

export const droppedLoginsTotal = new Counter({
  name: 'postern_decided_logins_dropped_total',
  help: 'Logins that POST /v1/relay/decisions let through and that are missing in observed sources: too many waited for the database.',
  registers: [metrics],
});

export const replaysTotal = new Counter({
  name: 'postern_idempotency_replays_total',
  help: 'Requests that were given the answer stored for their Idempotency-Key.',
  registers: [metrics],
});
