import { metrics } from '@postern/service-kit';
import { Counter, Gauge } from 'prom-client';

const registers = [metrics];

export const denialsRecorded = new Counter({
  name: 'postern_audit_denials_recorded_total',
  help: 'Denials that were put on record; a repeat is not counted',
  registers,
});

export const denialsUnreadable = new Counter({
  name: 'postern_audit_denials_unreadable_total',
  help: 'Denials that could not be read and were put aside in audit.unreadable_denials',
  registers,
});

export const changesRecorded = new Counter({
  name: 'postern_audit_changes_recorded_total',
  help: 'Changes of SMTP users and their restrictions that were put on record',
  registers,
});

export const auditLag = new Gauge({
  name: 'postern_audit_lag_seconds',
  help: 'Age of the last recorded event at the moment it was put on record',
  labelNames: ['consumer'],
  registers,
});
