import type { DatabaseRole } from './roles.js';

/**
 * For a migration: row-level security for all tables of the schema that have a column `tenant_id` and no row-level security yet. The writer sees
 * all tenants. The readers may read the rows of one tenant, of `inTenant`. Nobody has a grant on a partition.
 */
export function tenantTablesSql(schema: string, writer: DatabaseRole, ...readers: DatabaseRole[]): string {
  const reader = readers.join(', ');
  return `
    DO $$
    DECLARE
      t record;
    BEGIN
      FOR t IN
        SELECT c.oid::regclass AS name, relispartition FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attname = 'tenant_id'
         WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
      LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t.name);
        -- For backup and restore by an owner who is not a superuser.
        EXECUTE format('CREATE POLICY owner ON %s TO CURRENT_USER USING (true)', t.name);
        CONTINUE WHEN t.relispartition;
        EXECUTE format('CREATE POLICY every_tenant ON %s TO ${writer} USING (true)', t.name);
        EXECUTE format('CREATE POLICY own_tenant ON %s FOR SELECT TO ${reader}
          USING (tenant_id = (SELECT current_setting(''postern.tenant_id'', true)))', t.name);
        EXECUTE format('GRANT SELECT ON %s TO ${reader}', t.name);
      END LOOP;
    END $$`;
}
