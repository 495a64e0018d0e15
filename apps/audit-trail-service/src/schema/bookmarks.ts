import { bookmarkSql } from '@postern/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each consumer has read the partitions of a broker's topics, in the table of its checkpoint on the journal's own feed. */
export class Bookmarks1764200001727 implements MigrationInterface {
  readonly name = 'Bookmarks1764200001727';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(bookmarkSql('audit'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.checkpoints DROP COLUMN broker_offset, DROP COLUMN event_id');
  }
}
