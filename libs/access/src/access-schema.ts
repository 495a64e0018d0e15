import { sqlMigration, type SchemaComponent } from '@postern/database';

/** Tenants, API keys, who holds which username, and first answers. The component for `migrate` of @postern/database. */
export const accessSchema: SchemaComponent = {
  schema: 'access',
  migrations: [
    sqlMigration('Access1764500000002', import.meta.url, [
      'sql/tenants.sql',
      'sql/api-keys.sql',
      'sql/usernames.sql',
      'sql/idempotency-keys.sql',
    ]),
  ],
};
