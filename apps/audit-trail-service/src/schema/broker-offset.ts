import type { MigrationInterface, QueryRunner } from 'typeorm';
import { brokerOffsetSql } from '@postern/event-store';

/** Checkpoints in topics of a broker, beside those in the journal's own feed. */
export class BrokerOffset1764200001727 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(brokerOffsetSql('audit'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.checkpoints DROP COLUMN broker_offset');
  }
}
