import { TOPICS } from '@postern/contracts';
import type { EventBatch } from '@postern/event-bus';
import type { DataSource } from 'typeorm';
import { changesRecorded } from '../../consumers/audit-metrics.js';
import type { Consumer } from '../../consumers/consumer.js';
import { recordChanges } from './record-changes.js';

/** Its name in `audit.checkpoints`. */
export const CHANGES_CONSUMER = 'audit-changes';

/** Puts changes on record, a batch a transaction. */
export class ChangesConsumer implements Consumer {
  readonly name = CHANGES_CONSUMER;
  readonly topics = [TOPICS.smtpUsers, TOPICS.tenants];
  readonly maxBatch = 1_000;

  /** `dataSource` is connected as `postern_audit`. */
  constructor(private readonly dataSource: DataSource) {}

  async handle(batch: EventBatch): Promise<void> {
    const recorded = await this.dataSource.transaction(async (manager) => {
      // What a crash takes, the journal gives again: the checkpoint goes with it.
      await manager.query('SET LOCAL synchronous_commit = off');
      const count = await recordChanges(manager, batch.events);
      await batch.advance(manager);
      return count;
    });
    changesRecorded.inc(recorded);
  }
}
