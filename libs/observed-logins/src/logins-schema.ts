import { sqlMigration, tenantTablesSql, type SchemaComponent } from '@postern/database';

/** The schema of observed logins, for `migrate` of @postern/database. It comes after `accessSchema`, because it grants on `access.relays`. */
export const loginsSchema: SchemaComponent = {
  schema: 'logins',
  migrations: [
    sqlMigration('Logins1764500000006', import.meta.url, [
      'tables/sources.sql',
      'tables/overflow.sql',
      'tables/batches.sql',
      'tables/reporters.sql',
      { sql: tenantTablesSql('logins', 'postern_logins_writer', 'postern_logins_reader', 'postern_audit_reader') },
    ]),
  ],
};
