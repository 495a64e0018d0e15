import type { EntityManager } from 'typeorm';
import type { DenialRow } from './denial-row.js';

/** NOTIFY's channel for new denials, with the tenant. It only wakes readers of `audit.denial_arrivals`. */
export const DENIALS_CHANNEL = 'audit_denials';

const ARRIVALS_LOCK = 8_025_041;

/** Numbers the denials in commit order. Call it last in the transaction: others wait for their numbers. */
export async function recordArrivals(manager: EntityManager, rows: readonly DenialRow[]): Promise<void> {
  if (rows.length === 0) return;
  await manager.query('SELECT pg_advisory_xact_lock($1)', [ARRIVALS_LOCK]);
  await manager.query(RECORD, [
    rows.map((row) => row.tenant_id),
    rows.map((row) => row.smtp_user_id),
    rows.map((row) => row.occurred_at),
    rows.map((row) => row.id),
  ]);
}

const RECORD = `
  WITH recorded AS (
    INSERT INTO audit.denial_arrivals (tenant_id, smtp_user_ids, occurred_at, ids)
    SELECT tenant_id, array_agg(smtp_user_id), array_agg(occurred_at), array_agg(id)
      FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::uuid[]) AS denial (tenant_id, smtp_user_id, occurred_at, id)
     GROUP BY tenant_id
    RETURNING tenant_id
  )
  SELECT pg_notify('${DENIALS_CHANNEL}', tenant_id) FROM recorded`;
