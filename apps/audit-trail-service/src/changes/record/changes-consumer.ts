import { TOPICS } from '@postern/contracts';
import type { Subscription } from '@postern/event-bus';
import { counter } from '@postern/observe';
import type { DataSource } from 'typeorm';
import { recordChanges } from './record-changes.js';

export const CHANGES_CONSUMER = 'audit-changes';

const changesRecorded = counter(
  'postern_audit_changes_recorded_total',
  'Changes of SMTP users, restrictions, tenants and API keys that were recorded',
);

export function changesConsumer(dataSource: DataSource): Subscription {
  return {
    consumer: CHANGES_CONSUMER,
    topics: [TOPICS.smtpUsers, TOPICS.tenants],
    checkpoints: { dataSource, table: 'audit.checkpoints' },
    maxBatch: 2_000,
    // People read it, so fewer and larger batches are fine and spare the database.
    spacingMs: 50,
    handle: async (batch) => {
      const recorded = await dataSource.transaction(async (manager) => {
        const count = await recordChanges(manager, batch.events);
        await batch.advance(manager);
        return count;
      });
      changesRecorded.inc(recorded);
    },
  };
}
