import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Topics that the publisher fills again, with how far it had come when it was asked: up to there it sends nothing else. */
export class Republish1764000000031 implements MigrationInterface {
  readonly name = 'Republish1764000000031';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE journal.republishes (
        topic          text COLLATE "C" PRIMARY KEY,
        until_xid      xid8   NOT NULL,
        until_position bigint NOT NULL,
        asked_at       timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON journal.republishes TO postern_feed;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE journal.republishes');
  }
}
