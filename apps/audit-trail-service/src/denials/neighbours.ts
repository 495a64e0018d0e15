import { readRows } from '@postern/lists';
import sql, { raw } from 'sql-template-tag';
import type { EntityManager } from 'typeorm';

/** Enough to distinguish a site from a single host. */
export const MAX_NEIGHBOURS = 1_000;

/** Comparisons instead of <<=, which is not leakproof: row-level security would prevent the index. */
const IN_RANGE = raw('address BETWEEN host(network(range::inet))::inet AND host(broadcast(range::inet))::inet');

/** How many addresses of each range (`203.0.113.0/24`) were denied for the SMTP user. Within `inTenant`. */
export async function countNeighbours(
  manager: EntityManager,
  smtpUserId: string,
  ranges: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ranges.length === 0) return new Map();
  const rows = await readRows<{ range: string; denied: number }>(
    manager,
    sql`SELECT range, (SELECT count(*)::integer FROM (
                 SELECT FROM audit.denied_ips WHERE smtp_user_id = ${smtpUserId} AND ${IN_RANGE} LIMIT ${MAX_NEIGHBOURS}) found) AS denied
          FROM unnest(${ranges}::text[]) AS range`,
  );
  return new Map(rows.map((row) => [row.range, row.denied]));
}

/** A private address that was denied for this many SMTP users of a tenant is probably the operator's proxy or NAT. */
export const USERS_OF_PROXY = 3;

/**
 * Rows per range. A /24 with more than 512 rows has an address of three SMTP users among the first 513, so the limit never changes the answer
 * for IPv4. In a /64, a proxy may be among the unread rows.
 */
const MAX_ROWS = 1_000;

/** Ranges with an address that `USERS_OF_PROXY` users were denied from, or with too many rows to decide. */
export async function findProxies(
  manager: EntityManager,
  tenantId: string,
  ranges: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ranges.length === 0) return new Set();
  const rows = await readRows<{ range: string }>(
    manager,
    sql`SELECT range FROM unnest(${ranges}::text[]) AS range, LATERAL (
          SELECT max(users) AS most_users, sum(rows) AS rows FROM (
            SELECT count(DISTINCT smtp_user_id) AS users, count(*) AS rows FROM (
              SELECT address, smtp_user_id FROM audit.denied_ips
               WHERE tenant_id = ${tenantId} AND ${IN_RANGE} ORDER BY address LIMIT ${MAX_ROWS}) found
             GROUP BY address) of_address) looked_at
         WHERE most_users >= ${USERS_OF_PROXY} OR rows = ${MAX_ROWS}`,
  );
  return new Set(rows.map(({ range }) => range));
}
