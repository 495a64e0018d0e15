import type { DenialReason, TenantId } from '@postern/contracts';
import { parseAddress, type IpAddress } from '@postern/ip-ranges';
import type { PageRequest } from '@postern/lists';
import type { EntityManager } from 'typeorm';

/** The totals of one address from which an SMTP user was denied. */
export interface DeniedIpRecord {
  /** As told by the relays. */
  readonly ip: string;
  /** Null where it is no address. */
  readonly address: IpAddress | null;
  /** Logins. */
  readonly count: number;
  readonly firstDeniedAt: string;
  readonly lastDeniedAt: string;
  readonly relays: readonly string[];
  readonly reasons: readonly DenialReason[];
}

/** RFC 3339; what is left out is no bound. An address is in the period if a denial of it is. */
export interface Period {
  /** Then or later. */
  readonly from?: string | undefined;
  /** Before then. */
  readonly to?: string | undefined;
}

/**
 * The next addresses of the SMTP user, the one that was denied last first. One that is denied again moves to the
 * front; a walk through the pages that began before does not meet it a second time. Within `inTenant`.
 */
export async function readDeniedIps(
  manager: EntityManager,
  smtpUserId: string,
  { from, to }: Period,
  { limit, after }: PageRequest,
): Promise<DeniedIpRecord[]> {
  const parameters: unknown[] = [smtpUserId, limit];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const conditions = ['smtp_user_id = $1'];
  if (from !== undefined) conditions.push(`last_denied_at >= ${value(from)}::timestamptz`);
  if (to !== undefined) conditions.push(`first_denied_at < ${value(to)}::timestamptz`);
  if (from !== undefined && to !== undefined) conditions.push(deniedBetween(value(from), value(to)));
  if (after) conditions.push(`(last_denied_at, ip) < (${value(after[0])}::timestamptz, ${value(after[1])})`);
  const rows = await manager.query<DeniedIpRow[]>(
    `SELECT ip, count, first_denied_at, last_denied_at, relays, reasons FROM audit.denied_ips known
      WHERE ${conditions.join(' AND ')} ORDER BY last_denied_at DESC, ip DESC LIMIT $2`,
    parameters,
  );
  return rows.map(recordOf);
}

/**
 * The totals have only the first and the last denial: where the period lies between them, the denials themselves are looked at.
 * What is no address is looked for among the denials of the SMTP user, since no index has its text.
 */
function deniedBetween(from: string, to: string): string {
  const within = `denial.smtp_user_id = known.smtp_user_id
    AND denial.occurred_at >= ${from}::timestamptz AND denial.occurred_at < ${to}::timestamptz
    AND denial.occurred_at >= (SELECT kept_from FROM audit.denial_retention)`;
  return `(first_denied_at >= ${from}::timestamptz OR last_denied_at < ${to}::timestamptz
    OR (address IS NOT NULL AND EXISTS (
          SELECT FROM audit.denials denial
           WHERE denial.tenant_id = known.tenant_id AND denial.address = known.address AND ${within}))
    OR (address IS NULL AND EXISTS (
          SELECT FROM audit.denials denial WHERE denial.address IS NULL AND denial.ip = known.ip AND ${within})))`;
}

/** Enough to tell a site from a single host; beyond, the exact number says nothing more. */
export const MAX_NEIGHBOURS = 1_000;

/** How many addresses of each of the ranges (`203.0.113.0/24`) were denied to the SMTP user. Within `inTenant`. */
export async function countNeighbours(
  manager: EntityManager,
  smtpUserId: string,
  ranges: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ranges.length === 0) return new Map();
  const rows = await manager.query<{ range: string; denied: number }[]>(
    `SELECT range, (SELECT count(*)::integer FROM (
              SELECT 1 FROM audit.denied_ips
               WHERE smtp_user_id = $1
                 AND address BETWEEN host(network(range::inet))::inet AND host(broadcast(range::inet))::inet
               LIMIT ${MAX_NEIGHBOURS}) found) AS denied
       FROM unnest($2::text[]) AS range`,
    [smtpUserId, ranges],
  );
  return new Map(rows.map((row) => [row.range, row.denied]));
}

interface DeniedIpRow {
  readonly ip: string;
  readonly count: string;
  readonly first_denied_at: Date;
  readonly last_denied_at: Date;
  readonly relays: string[];
  readonly reasons: DenialReason[];
}

function recordOf(row: DeniedIpRow): DeniedIpRecord {
  const address = parseAddress(row.ip);
  return {
    ip: row.ip,
    address: address.ok ? address.value : null,
    count: Number(row.count),
    firstDeniedAt: row.first_denied_at.toISOString(),
    lastDeniedAt: row.last_denied_at.toISOString(),
    relays: row.relays,
    reasons: row.reasons,
  };
}

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
