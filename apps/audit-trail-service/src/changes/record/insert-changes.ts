import { StreamConflict } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import type { ChangeRow } from './change-row.js';

/** Returns how many were new. @throws `StreamConflict`. No statement here names a schema, so that a rebuild can write to new tables. */
export async function insertChanges(manager: EntityManager, rows: readonly ChangeRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const [result] = await manager.query<{ added: string; position: string | null; applied: string }[]>(INSERT, [
    JSON.stringify(rows),
  ]);
  const conflict = rows.find(({ position }) => String(position) === result?.position);
  if (conflict) throw new StreamConflict({ ...conflict, streamId: streamOf(conflict) }, result?.applied ?? '');
  return Number(result?.added);
}

function streamOf({ smtpUserId, type }: ChangeRow): string {
  return smtpUserId === null ? `the stream of a ${type}` : `smtp-user/${smtpUserId}`;
}

const INSERT = `
  WITH change AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS r (
           position bigint, "eventId" uuid, "occurredAt" timestamptz, "smtpUserId" uuid, version integer, type text, "tenantId" text,
           username text, actor json, "requestId" text, data json, before json, after json, state jsonb)
  ), added AS (
    INSERT INTO changes (position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor, request_id, data,
                         before, after, state)
    SELECT * FROM change
    ON CONFLICT DO NOTHING
    RETURNING 1
  ), conflict AS (
    SELECT known.position, known.event_id FROM change
      JOIN changes known ON known.position = change.position AND known.event_id <> change."eventId"
     WHERE (SELECT count(*) FROM added) < (SELECT count(*) FROM change) LIMIT 1
  )
  SELECT (SELECT count(*) FROM added) AS added, position, event_id AS applied FROM (VALUES (1)) one LEFT JOIN conflict ON true`;
