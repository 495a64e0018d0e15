import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CreateIdempotencyKeys1764000000002 } from './create-idempotency-keys.js';

/**
 * Tenants, API keys and who holds which username: written by the command-service in the transaction that appends the
 * event, so that they are true at once; keys and tenants are read by every service to authenticate.
 */
class CreateAccessTables1764000000001 implements MigrationInterface {
  readonly name = 'CreateAccessTables1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE access.tenants (
        tenant_id  text COLLATE "C" PRIMARY KEY,
        name       text NOT NULL,
        created_at timestamptz(3) NOT NULL
      );
      CREATE TABLE access.api_keys (
        id           text COLLATE "C" PRIMARY KEY,
        tenant_id    text COLLATE "C" REFERENCES access.tenants,
        role         text NOT NULL CHECK (role IN ('operator', 'admin', 'auditor', 'relay')),
        name         text NOT NULL,
        secret_hash  bytea NOT NULL,
        created_at   timestamptz(3) NOT NULL,
        revoked_at   timestamptz(3),
        last_used_at timestamptz(3),
        CHECK ((tenant_id IS NULL) = (role IN ('operator', 'relay')))
      );
      CREATE INDEX api_keys_of_tenant ON access.api_keys (tenant_id, created_at DESC, id DESC);

      -- A username that was given up stays, so that a denial which was on its way still finds its user.
      CREATE TABLE access.usernames (
        username_key text COLLATE "C" NOT NULL,
        tenant_id    text COLLATE "C" NOT NULL REFERENCES access.tenants,
        smtp_user_id uuid NOT NULL,
        claimed_at   timestamptz(3) NOT NULL,
        released_at  timestamptz(3)
      );
      CREATE UNIQUE INDEX username_is_held_once ON access.usernames (username_key) WHERE released_at IS NULL;
      CREATE INDEX usernames_by_key ON access.usernames (username_key, claimed_at DESC);
      CREATE INDEX usernames_of_user ON access.usernames (smtp_user_id) WHERE released_at IS NULL;
    `);
    for (const table of ['tenants', 'api_keys', 'usernames']) {
      await runner.query(`
        ALTER TABLE access.${table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE access.${table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_tenant ON access.${table} TO postern_command
          USING (tenant_id = current_setting('postern.tenant_id', true));
        CREATE POLICY every_tenant ON access.${table} TO postern_journal_writer, postern_access USING (true);
        -- For backup and restore by an owner who is no superuser (pg_dump --enable-row-security).
        CREATE POLICY owner ON access.${table} TO CURRENT_USER USING (true);
      `);
    }
    await runner.query(`
      GRANT USAGE ON SCHEMA access TO postern_command, postern_journal_writer, postern_access;
      GRANT SELECT ON access.tenants, access.usernames TO postern_command;
      GRANT SELECT (id, tenant_id, role, name, created_at, revoked_at, last_used_at) ON access.api_keys TO postern_command;
      GRANT SELECT, INSERT ON access.tenants TO postern_journal_writer;
      GRANT SELECT, INSERT, UPDATE (released_at) ON access.usernames TO postern_journal_writer;
      GRANT SELECT (id, tenant_id, role, revoked_at), INSERT, UPDATE (revoked_at) ON access.api_keys TO postern_journal_writer;
      GRANT SELECT ON access.tenants, access.api_keys TO postern_access;
      GRANT UPDATE (last_used_at) ON access.api_keys TO postern_access;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE access.usernames, access.api_keys, access.tenants');
  }
}

/** The component for `migrate` of @postern/database. */
export const accessSchema = {
  schema: 'access',
  migrations: [CreateAccessTables1764000000001, CreateIdempotencyKeys1764000000002],
};
