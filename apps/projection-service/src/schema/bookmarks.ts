import { bookmarkSql } from '@postern/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each consumer has read the partitions of a broker's topics, in the table of its checkpoint on the journal's own feed. */
export class Bookmarks1764100000027 implements MigrationInterface {
  readonly name = 'Bookmarks1764100000027';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(bookmarkSql('projection'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projection.checkpoints DROP COLUMN broker_offset, DROP COLUMN event_id');
  }
}
