import { sqlMigration, type SchemaComponent } from '@postern/database';
import { checkpointTableSql } from '@postern/event-store';

/** The component for `migrate` of @postern/database. All of it but the dead letters can be rebuilt from the journal. */
export const auditSchema: SchemaComponent = {
  schema: 'audit',
  migrations: [
    sqlMigration('Audit1764500000004', import.meta.url, [
      'denials.sql',
      'denial-months.sql',
      'denied-ips.sql',
      'changes.sql',
      'dead-letters.sql',
      { sql: checkpointTableSql('audit', 'postern_audit') },
    ]),
  ],
};
