import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * For filters that match rarely: without these, a page of one relay's denials, or of what was let through, is looked for
 * in all denials of the tenant. The usual values of `reason` and `refused` are in no index: of them a page is found at
 * once, and an index would cost every denial.
 */
export class CreateDenialFilterIndexes1764200000024 implements MigrationInterface {
  readonly name = 'CreateDenialFilterIndexes1764200000024';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX denials_of_relay ON audit.denials (tenant_id, relay, occurred_at, id);
      CREATE INDEX denials_of_rare_reason ON audit.denials (tenant_id, reason, occurred_at, id)
        WHERE reason <> 'ip-not-authorized';
      CREATE INDEX denials_let_through ON audit.denials (tenant_id, occurred_at, id) WHERE NOT refused`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit.denials_of_relay, audit.denials_of_rare_reason, audit.denials_let_through');
  }
}
