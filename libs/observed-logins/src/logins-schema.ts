import { sqlMigration, type SchemaComponent } from '@postern/database';

/** Where SMTP users log in from, as relays report it. The component for `migrate` of @postern/database; it comes after `accessSchema`. */
export const loginsSchema: SchemaComponent = {
  schema: 'logins',
  migrations: [
    sqlMigration('Logins1764500000005', import.meta.url, [
      'tables/sources.sql',
      'tables/overflow.sql',
      'tables/batches.sql',
      'tables/reporters.sql',
    ]),
  ],
};
