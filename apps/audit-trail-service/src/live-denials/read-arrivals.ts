import type { TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { readRows } from '@postern/lists';
import sql from 'sql-template-tag';
import type { DataSource, EntityManager } from 'typeorm';
import { DENIAL_COLUMNS, type Denial } from '../denials/list-denials.js';
import type { ResetReason, StreamPosition } from './stream-position.js';

const PAGE = 500;
const ARRIVALS = 8;
const END = 999_999_999;

export interface ArrivedDenial {
  readonly denial: Denial;
  readonly position: StreamPosition;
}

/** In the order in which they became visible. Empty if there are no more. */
export interface ArrivalPage {
  readonly denials: readonly ArrivedDenial[];
  readonly upTo: StreamPosition;
}

/** Reads 8 rows of arrivals and at most 500 denials, by their keys. */
export async function readArrivals(
  dataSource: DataSource,
  tenantId: TenantId,
  from: StreamPosition,
): Promise<ArrivalPage> {
  const rows = await inTenant(dataSource, tenantId, (manager) =>
    readRows<Denial & StreamPosition>(
      manager,
      sql`
      WITH behind AS MATERIALIZED (
        SELECT arrival, key.* FROM (
            SELECT * FROM audit.denial_arrivals WHERE tenant_id = ${tenantId} AND arrival >= ${from.arrival}
             ORDER BY arrival LIMIT ${ARRIVALS}) arrived,
          LATERAL unnest(smtp_user_ids, occurred_at, ids) WITH ORDINALITY AS key (user_id, at, denial_id, "offset")
         WHERE (arrival, "offset") > (${from.arrival}, ${from.offset}) ORDER BY arrival, "offset" LIMIT ${PAGE}
      )
      SELECT arrival::float8 AS arrival, "offset"::float8 AS "offset", ${DENIAL_COLUMNS}
        FROM behind LEFT JOIN audit.denials ON (smtp_user_id, occurred_at, id) = (user_id, at, denial_id) ORDER BY behind.arrival, behind."offset"`,
    ),
  );
  const arrived = rows.map(({ arrival, offset, ...denial }) => ({ denial, position: { arrival, offset } }));
  return {
    // Retention may have deleted some since.
    denials: arrived.filter(({ denial }) => denial.id !== null),
    upTo: arrived.at(-1)?.position ?? from,
  };
}

/** The position after the tenant's last denial, and whether `from` was ever reached (not after a restored backup). */
export function presentPosition(
  manager: EntityManager,
  tenantId: TenantId,
  from: StreamPosition | null,
): Promise<{ readonly now: StreamPosition; readonly reset: ResetReason | null }> {
  return manager
    .query<{ arrival: number; ahead: boolean | null }[]>(
      `SELECT coalesce((SELECT max(arrival) FROM audit.denial_arrivals WHERE tenant_id = $1), 0)::float8 AS arrival,
              $2::bigint > (SELECT last_value FROM audit.denial_arrivals_arrival_seq) AS ahead`,
      [tenantId, from?.arrival ?? null],
    )
    .then(([row]) => ({
      now: { arrival: row?.arrival ?? 0, offset: END },
      reset: row?.ahead ? ('last-event-id-ahead' as const) : null,
    }));
}
