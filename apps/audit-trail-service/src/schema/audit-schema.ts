import { sqlMigration, tenantTablesSql, type SchemaComponent } from '@postern/database';
import { checkpointTableSql } from '@postern/event-store';
import { smtpUserTablesSql } from '@postern/read-models';

/** All of it except the dead letters can be rebuilt from the journal. */
export const auditSchema: SchemaComponent = {
  schema: 'audit',
  migrations: [
    sqlMigration('Audit1764500000004', import.meta.url, [
      'denials.sql',
      'denial-months.sql',
      'denial-arrivals.sql',
      'denied-ips.sql',
      'changes.sql',
      { sql: smtpUserTablesSql('audit', 'postern_audit', 'postern_audit_reader') },
      { sql: 'CREATE INDEX smtp_users_of_tenant ON audit.smtp_users (tenant_id, id)' },
      'dead-letters.sql',
      { sql: tenantTablesSql('audit', 'postern_audit', 'postern_audit_reader') },
      { sql: checkpointTableSql('audit', 'postern_audit') },
    ]),
  ],
};
