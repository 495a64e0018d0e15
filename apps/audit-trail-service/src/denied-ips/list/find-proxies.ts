import type { TenantId } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** A private address that was denied for so many SMTP users of a tenant is more likely the operator's proxy or NAT than their host. */
export const USERS_OF_PROXY = 3;

/**
 * Rows that are read of one range. A /24 with more rows than 512 has an address of three SMTP users among the first 513, so the bound
 * never changes the answer for IPv4. A /64 may have as many of one user: where the bound ends the look, the rest may have a proxy.
 */
const MAX_ROWS = 1_000;

/**
 * Those of the ranges that hold an address which was denied for `USERS_OF_PROXY` SMTP users of the tenant, or that may: of which
 * more was denied than is read. Within `inTenant`.
 */
export async function findProxies(
  manager: EntityManager,
  tenantId: TenantId,
  ranges: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ranges.length === 0) return new Set();
  // Compared, and not by <<=, which is not leakproof: row-level security would keep it out of the index.
  const rows = await manager.query<{ range: string }[]>(
    `SELECT range FROM unnest($2::text[]) AS range, LATERAL (
        SELECT max(users) AS most_users, sum(rows) AS rows FROM (
          SELECT count(DISTINCT smtp_user_id) AS users, count(*) AS rows FROM (
            SELECT address, smtp_user_id FROM audit.denied_ips
             WHERE tenant_id = $1
               AND address BETWEEN host(network(range::inet))::inet AND host(broadcast(range::inet))::inet
             ORDER BY address LIMIT ${MAX_ROWS}) found
           GROUP BY address) of_address) looked_at
      WHERE most_users >= ${USERS_OF_PROXY} OR rows = ${MAX_ROWS}`,
    [tenantId, ranges],
  );
  return new Set(rows.map(({ range }) => range));
}
