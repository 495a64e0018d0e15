import { sqlMigration, type SchemaComponent } from '@postern/database';
import { ApiKeyEntity } from './tables/api-key.entity.js';
import { TenantEntity } from './tables/tenant.entity.js';

export const accessEntities = [TenantEntity, ApiKeyEntity];

export const accessSchema: SchemaComponent = {
  schema: 'access',
  migrations: [
    sqlMigration('Access1764500000002', import.meta.url, [
      'tables/tenants.sql',
      'tables/tenant-replies.sql',
      'tables/api-keys.sql',
      'tables/sessions.sql',
      'tables/usernames.sql',
      'tables/idempotency-keys.sql',
      'tables/processes.sql',
      'tables/relays.sql',
    ]),
  ],
};
