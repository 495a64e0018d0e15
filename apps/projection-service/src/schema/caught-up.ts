import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a consumer had first caught up behind its checkpoint. A read model is whole from then on, and half-filled before: relays
 * are not given it, by whichever process. It stands with the checkpoint, so that who empties the one empties the other.
 */
export class CaughtUp1764100000004 implements MigrationInterface {
  readonly name = 'CaughtUp1764100000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE projection.checkpoints ADD COLUMN caught_up_at timestamptz;
      -- What an earlier release has filled counts as whole: relays that resume must not be turned away by an update.
      UPDATE projection.checkpoints SET caught_up_at = updated_at;
      GRANT SELECT (consumer, caught_up_at) ON projection.checkpoints TO postern_relay_reader;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projection.checkpoints DROP COLUMN caught_up_at');
  }
}
