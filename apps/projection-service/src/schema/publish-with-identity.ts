import type { MigrationInterface, QueryRunner } from 'typeorm';

/** All relay policies are written to their topic again, now with the journal that they are of. */
export class PublishWithIdentity1764100000035 implements MigrationInterface {
  readonly name = 'PublishWithIdentity1764100000035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('UPDATE projection.relay_policy_publication SET revision = 0');
  }

  async down(): Promise<void> {}
}
