import type { DataSource, EntityManager } from 'typeorm';

/**
 * Runs `work` in a transaction that sees one tenant's rows alone, whatever its SQL asks for. The tables' policies compare the setting,
 * which is NULL or '' outside of this and equals no tenant.
 * The setting ends with the transaction, so a pooled connection carries no tenant to its next user.
 */
export async function inTenant<T>(
  dataSource: DataSource,
  tenantId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  if (tenantId === '') throw new TypeError('inTenant needs a tenant id; the empty one stands for "no tenant".');
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.tenant_id', $1, true)`, [tenantId]);
    return work(manager);
  });
}

/** Runs `work` in a transaction that sees rows of no tenant, where the table has a policy for that, and no tenant's. */
export async function ofNoTenant<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.of_no_tenant', 'yes', true)`);
    return work(manager);
  });
}
