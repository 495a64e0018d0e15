import { counter, gauge } from '@postern/observe';

export const denialsRecorded = counter(
  'postern_audit_denials_recorded_total',
  'Denials that were recorded; a repeat is not counted',
);

export const denialsUnreadable = counter(
  'postern_audit_denials_unreadable_total',
  'Denials that could not be read and became dead letters',
);

export const changesRecorded = counter(
  'postern_audit_changes_recorded_total',
  'Changes of SMTP users, restrictions, tenants and API keys that were recorded',
);

export const denialMonthsDropped = counter(
  'postern_audit_denial_months_dropped_total',
  'Months of denials that were dropped, because they are older than the retention period',
);

export const denialsDeleted = counter(
  'postern_audit_denials_deleted_total',
  'Denials outside the monthly partitions that were deleted, because they are older than the retention period',
);

export const denialStreamClients = gauge('postern_denial_stream_clients', 'Open streams of live denials');

export const denialStreamsEnded = counter('postern_denial_streams_ended_total', 'Streams of live denials that ended', [
  'reason',
]);

let waiting: (() => Promise<number>) | undefined;

export function observeDeadLetters(count: () => Promise<number>): void {
  waiting = count;
}

export const deadLetters = gauge(
  'postern_audit_dead_letters',
  'Dead letters that wait to be retried or discarded. Absent while the database does not answer.',
  [],
  async (metric) => {
    metric.reset();
    const count = await waiting?.().catch(() => undefined);
    if (count === undefined) metric.remove();
    else metric.set(count);
  },
);
