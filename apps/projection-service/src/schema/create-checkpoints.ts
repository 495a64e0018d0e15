import { checkpointTableSql } from '@postern/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each consumer of this service has come in the feed. */
export class CreateCheckpoints1764100000003 implements MigrationInterface {
  readonly name = 'CreateCheckpoints1764100000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(checkpointTableSql('projection', 'postern_projection'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE projection.checkpoints');
  }
}
