import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The revision up to which relay policies were written to their topic. 0: all of them are written again, which is safe at any
 * time, since each is its user's whole present state.
 */
export class CreatePolicyPublication1764100000031 implements MigrationInterface {
  readonly name = 'CreatePolicyPublication1764100000031';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE projection.relay_policy_publication (
        one_row    boolean PRIMARY KEY DEFAULT true CHECK (one_row),
        revision   bigint  NOT NULL CHECK (revision >= 0),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
      ) WITH (fillfactor = 50);
      INSERT INTO projection.relay_policy_publication (revision) VALUES (0);
      GRANT SELECT, UPDATE ON projection.relay_policy_publication TO postern_projection;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE projection.relay_policy_publication');
  }
}
