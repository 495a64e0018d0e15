import type { MigrationInterface, QueryRunner } from 'typeorm';
import { partitionCountSql } from '@postern/event-store';

/** With how many partitions of a topic a checkpoint was made: it says nothing where there are more or fewer. */
export class PartitionCount1764200002039 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(partitionCountSql('audit'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.checkpoints DROP COLUMN broker_partitions');
  }
}
