import type { MigrationInterface, QueryRunner } from 'typeorm';
import { checkpointTableSql } from '../checkpoints.js';

/** How far the publisher has sent the journal's events to the broker. The feed's reader keeps it: it sees the same events. */
export class Publisher1764000000027 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(checkpointTableSql('journal', 'postern_feed'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE journal.checkpoints');
  }
}
