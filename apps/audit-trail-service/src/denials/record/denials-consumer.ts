import type { EventBatch, UnreadableMessage } from '@postern/event-bus';
import { Logger } from '@nestjs/common';
import { TOPICS } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import type { Consumer } from '../../consumers/consumer.js';
import { denialsRecorded, denialsUnreadable } from '../../consumers/audit-metrics.js';
import { putEventsAside, putMessageAside } from '../../dead-letters/put-aside.js';
import { loadDenialRetention } from '../retention/denial-retention.js';
import { DenialMonths } from './denial-months.js';
import { denialRow, isUnreadable, type DenialRow } from './denial-row.js';
import { insertDenials } from './insert-denials.js';

/** Its name in `audit.checkpoints`. */
export const DENIALS_CONSUMER = 'audit-denials';

/** Puts denials on record, a batch a transaction. */
export class DenialsConsumer implements Consumer {
  readonly name = DENIALS_CONSUMER;
  readonly topics = [TOPICS.authDenials];
  readonly maxBatch = 2_000;
  private readonly logger = new Logger('audit-trail');
  private readonly months: DenialMonths;

  /** `dataSource` is connected as `postern_audit`. */
  constructor(private readonly dataSource: DataSource) {
    this.months = new DenialMonths(dataSource);
  }

  async handle(batch: EventBatch): Promise<void> {
    const read = batch.events.map(denialRow);
    const rows = read.filter((row): row is DenialRow => !isUnreadable(row));
    const unreadable = read.filter(isUnreadable);
    const retention = await loadDenialRetention(this.dataSource);
    // Before the transaction: it takes locks that must not be held while a batch is written.
    await this.months.prepare(rows.map((row) => row.occurred_at).filter((time) => time >= retention.keptFrom));
    const added = await this.dataSource.transaction(async (manager) => {
      // What a crash takes, the journal gives again: the checkpoint goes with it.
      await manager.query('SET LOCAL synchronous_commit = off');
      const count = await insertDenials(manager, rows, retention);
      await putEventsAside(manager, this.name, unreadable);
      await batch.advance(manager);
      return count;
    });
    denialsRecorded.inc(added);
    denialsUnreadable.inc(unreadable.length);
    for (const { event, why } of unreadable) {
      this.logger.error(
        `The denial ${event.eventId} ${why}; it is put aside: postern dead-letters show ${event.eventId}`,
      );
    }
  }

  async park(manager: EntityManager, message: UnreadableMessage): Promise<void> {
    await putMessageAside(manager, this.name, message);
    denialsUnreadable.inc();
    const { topic, partition, offset, reason } = message;
    this.logger.error(`${topic}/${partition} at ${offset}: ${reason} It is put aside: postern dead-letters list`);
  }
}
