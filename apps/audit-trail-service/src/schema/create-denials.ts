import { checkpointTableSql } from '@postern/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rowLevelSecuritySql } from './row-level-security.js';

/**
 * Denials by month, the totals by address that outlive them, and what could not be read.
 *
 * The order of every list is (occurred_at, id), which no event can change: a cursor is a place in it, and `from` and
 * `to` are places too, so that no filter by time reads a row in vain.
 */
export class CreateDenials1764200000001 implements MigrationInterface {
  readonly name = 'CreateDenials1764200000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('GRANT USAGE ON SCHEMA audit TO postern_audit, postern_audit_reader');
    await runner.query(`${DENIALS}; ${rowLevelSecuritySql('denials')}
      GRANT SELECT, INSERT ON audit.denials TO postern_audit`);
    await runner.query(`${DENIED_IPS}; ${rowLevelSecuritySql('denied_ips')}
      GRANT SELECT, INSERT, UPDATE ON audit.denied_ips TO postern_audit`);
    await runner.query(`${UNREADABLE}; ${rowLevelSecuritySql('unreadable_denials')}
      GRANT SELECT, INSERT ON audit.unreadable_denials TO postern_audit`);
    await runner.query(checkpointTableSql('audit', 'postern_audit'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.checkpoints, audit.unreadable_denials, audit.denied_ips, audit.denials');
  }
}

/** Three indexes and no more, since each costs every denial: the primary key also serves a user's list. */
const DENIALS = `
  CREATE TABLE audit.denials (
    id           uuid           NOT NULL,
    occurred_at  timestamptz(3) NOT NULL,
    recorded_at  timestamptz(3) NOT NULL,
    position     bigint         NOT NULL, -- the journal's
    smtp_user_id uuid           NOT NULL,
    count        integer        NOT NULL CHECK (count > 0),
    refused      boolean        NOT NULL,
    tenant_id    text COLLATE "C" NOT NULL,
    username     text COLLATE "C" NOT NULL, -- as the relay was given it
    ip           text           NOT NULL, -- as told: canonical, or what the relay saw where it is no address
    address      inet,                    -- NULL where it is none
    relay        text COLLATE "C" NOT NULL,
    reason       text COLLATE "C" NOT NULL,
    mode         text           NOT NULL,
    PRIMARY KEY (smtp_user_id, occurred_at, id)
  ) PARTITION BY RANGE (occurred_at);
  CREATE INDEX denials_of_tenant ON audit.denials (tenant_id, occurred_at, id);
  CREATE INDEX denials_of_address ON audit.denials (tenant_id, address, occurred_at, id)`;

/** NULLS NOT DISTINCT: what is no address stands once too. \`address\` follows from \`ip\`, and comes first to find neighbours. */
const DENIED_IPS = `
  CREATE TABLE audit.denied_ips (
    smtp_user_id    uuid           NOT NULL,
    count           bigint         NOT NULL CHECK (count > 0),
    first_denied_at timestamptz(3) NOT NULL,
    last_denied_at  timestamptz(3) NOT NULL,
    tenant_id       text COLLATE "C" NOT NULL,
    ip              text           NOT NULL COLLATE "C",
    address         inet,
    relays          text[]         NOT NULL, -- the first ones that reported it
    reasons         text[]         NOT NULL,
    last_position   bigint         NOT NULL  -- the journal's, of the newest denial that was counted
  );
  CREATE UNIQUE INDEX denied_ip_stands_once ON audit.denied_ips (smtp_user_id, address, ip) NULLS NOT DISTINCT;
  CREATE INDEX denied_ips_of_user ON audit.denied_ips (smtp_user_id, last_denied_at, ip);
  CREATE INDEX denied_ips_of_address ON audit.denied_ips (tenant_id, address, smtp_user_id)`;

/** A denial that no repeat would make readable is put aside here, so that it does not stop all others. */
const UNREADABLE = `
  CREATE TABLE audit.unreadable_denials (
    event_id    uuid PRIMARY KEY,
    tenant_id   text COLLATE "C",
    why         text        NOT NULL,
    event       jsonb       NOT NULL,
    put_aside_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`;
