import { CURRENT_TENANT_SQL } from '@postern/database';

/**
 * SQL that closes `audit.<table>`: the consumers (`postern_audit`) reach every tenant's rows, the queries
 * (`postern_audit_reader`) one tenant's and only to read.
 */
export function rowLevelSecuritySql(table: string): string {
  return `
    ALTER TABLE audit.${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE audit.${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY every_tenant ON audit.${table} TO postern_audit USING (true);
    CREATE POLICY own_tenant ON audit.${table} FOR SELECT TO postern_audit_reader USING (tenant_id = ${CURRENT_TENANT_SQL});
    -- For backup and restore by an owner who is no superuser (pg_dump --enable-row-security).
    CREATE POLICY owner ON audit.${table} TO CURRENT_USER USING (true);
    GRANT SELECT ON audit.${table} TO postern_audit_reader;
  `;
}
