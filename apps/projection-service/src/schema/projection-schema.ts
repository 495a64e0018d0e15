import { sqlMigration, type SchemaComponent } from '@postern/database';
import { checkpointTableSql } from '@postern/event-store';
import { smtpUserTablesSql } from '@postern/read-models';

export const projectionSchema: SchemaComponent = {
  schema: 'projection',
  migrations: [
    sqlMigration('Projection1764500000003', import.meta.url, [
      'relay-policies.sql',
      { sql: smtpUserTablesSql('projection', 'postern_projection', 'postern_directory_reader') },
      'smtp-users.sql',
      { sql: checkpointTableSql('projection', 'postern_projection') },
      'checkpoints.sql',
    ]),
  ],
};
