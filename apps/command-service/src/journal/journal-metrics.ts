import type { Journal } from '@postern/event-store';
import { metrics } from '@postern/observe';
import { Gauge } from 'prom-client';

let observed: Pick<Journal, 'waiting'> | undefined;

export function observeJournal(journal: Pick<Journal, 'waiting'>): void {
  observed = journal;
}

export const journalQueue = new Gauge({
  name: 'postern_journal_queue_appends',
  help: 'Appends that wait for their turn to be written; above 4,096 a write is answered 503.',
  registers: [metrics],
  collect() {
    this.set(observed?.waiting ?? 0);
  },
});
