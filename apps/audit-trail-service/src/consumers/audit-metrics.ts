import { DELAY_BUCKETS, metrics } from '@postern/observe';
import { Counter, Gauge, Histogram } from 'prom-client';

const registers = [metrics];

export const denialsRecorded = new Counter({
  name: 'postern_audit_denials_recorded_total',
  help: 'Denials that were put on record; a repeat is not counted',
  registers,
});

export const denialsUnreadable = new Counter({
  name: 'postern_audit_denials_unreadable_total',
  help: 'Denials that could not be read and were put aside as dead letters',
  registers,
});

export const changesRecorded = new Counter({
  name: 'postern_audit_changes_recorded_total',
  help: 'Changes of SMTP users, restrictions, tenants and API keys that were put on record',
  registers,
});

export const auditDelay = new Histogram({
  name: 'postern_audit_delay_seconds',
  help: 'Time from an event in the journal to its place on record, of the last event of each batch',
  labelNames: ['consumer'],
  buckets: DELAY_BUCKETS,
  registers,
});

export const denialMonthsDropped = new Counter({
  name: 'postern_audit_denial_months_dropped_total',
  help: 'Months of denials that were dropped, because they lay wholly before what is kept',
  registers,
});

export const denialsDeleted = new Counter({
  name: 'postern_audit_denials_deleted_total',
  help: 'Denials in no month of their own that were deleted, because they are older than what is kept',
  registers,
});

let waiting: (() => Promise<number>) | undefined;

/** Has the dead letters that wait counted at each scrape. */
export function observeDeadLetters(count: () => Promise<number>): void {
  waiting = count;
}

export const deadLetters = new Gauge({
  name: 'postern_audit_dead_letters',
  help: 'Dead letters that wait to be retried or discarded. Left out while the database cannot be asked.',
  registers,
  async collect() {
    this.reset();
    const count = await waiting?.().catch(() => undefined);
    if (count === undefined) this.remove();
    else this.set(count);
  },
});
