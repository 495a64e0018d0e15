import { Logger } from '@nestjs/common';
import { TOPICS } from '@postern/contracts';
import type { Subscription } from '@postern/event-bus';
import { counter } from '@postern/observe';
import type { DataSource } from 'typeorm';
import { deadLetterEvents, deadLetterMessage } from '../../dead-letters/dead-letters.js';
import { loadDenialRetention } from '../../retention/denial-retention.js';
import { DenialMonths } from './denial-months.js';
import { denialRow, isUnreadable, type DenialRow } from './denial-row.js';
import { insertDenials } from './insert-denials.js';
import { recordArrivals } from './record-arrivals.js';

export const DENIALS_CONSUMER = 'audit-denials';

const logger = new Logger('audit-trail');

const denialsRecorded = counter(
  'postern_audit_denials_recorded_total',
  'Denials that were recorded; a repeat is not counted',
);

const denialsUnreadable = counter(
  'postern_audit_denials_unreadable_total',
  'Denials that could not be read and became dead letters',
);

export function denialsConsumer(dataSource: DataSource) {
  const months = new DenialMonths(dataSource);
  return {
    consumer: DENIALS_CONSUMER,
    topics: [TOPICS.authDenials],
    checkpoints: { dataSource, table: 'audit.checkpoints' },
    maxBatch: 2_000,
    // People read it, so fewer and larger batches are fine and spare the database.
    spacingMs: 50,
    handle: async (batch) => {
      const read = batch.events.map(denialRow);
      const rows = read.filter((row): row is DenialRow => !isUnreadable(row));
      const unreadable = read.filter(isUnreadable);
      const retention = await loadDenialRetention(dataSource);
      // Before the transaction: its locks must not be held while a batch is written.
      await months.prepare(rows.map((row) => row.occurred_at).filter((time) => time >= retention.keptFrom));
      const added = await dataSource.transaction(async (manager) => {
        // A crash loses the checkpoint too, so the events are applied again.
        await manager.query('SET LOCAL synchronous_commit = off');
        const { counted, stored } = await insertDenials(manager, rows, retention);
        await deadLetterEvents(manager, DENIALS_CONSUMER, unreadable);
        await batch.advance(manager);
        await recordArrivals(manager, stored);
        return counted;
      });
      denialsRecorded.inc(added);
      denialsUnreadable.inc(unreadable.length);
      for (const { event, why } of unreadable)
        logger.error(
          `The denial ${event.eventId} ${why}; it is a dead letter now: postern dead-letters show ${event.eventId}`,
        );
    },
    deadLetter: async (manager, message) => {
      await deadLetterMessage(manager, DENIALS_CONSUMER, message);
      denialsUnreadable.inc();
      const { topic, partition, offset, reason } = message;
      logger.error(`${topic}/${partition} at ${offset}: ${reason} It is a dead letter now: postern dead-letters list`);
    },
  } satisfies Subscription;
}
