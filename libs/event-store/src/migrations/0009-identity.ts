import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What tells this journal from every other: made once, here, and kept by backups. Whoever takes events from a broker looks at it. */
export class Identity1764000000035 implements MigrationInterface {
  readonly name = 'Identity1764000000035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE journal.identity (
        one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
        id      uuid    NOT NULL DEFAULT gen_random_uuid()
      );
      INSERT INTO journal.identity DEFAULT VALUES;

      GRANT USAGE ON SCHEMA journal TO postern_projection, postern_audit;
      GRANT SELECT ON journal.identity TO postern_feed, postern_projection, postern_audit;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The journal is not taken back: restore a backup from before it.');
  }
}
