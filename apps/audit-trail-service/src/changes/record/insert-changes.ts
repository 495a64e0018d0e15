import { StreamConflict } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import type { ChangeRow } from './change-row.js';

/**
 * Adds the changes that are not stored yet; returns how many those were. A position of the journal is one event's: throws `StreamConflict`
 * where another one was recorded there. It names no schema, as all that writes here: a rebuild has it write to new tables.
 */
export async function insertChanges(manager: EntityManager, rows: readonly ChangeRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const [result] = await manager.query<{ added: string; position: string | null; applied: string }[]>(INSERT, [
    rows.map((row) => row.position),
    rows.map((row) => row.eventId),
    rows.map((row) => row.occurredAt),
    rows.map((row) => row.smtpUserId),
    rows.map((row) => row.version),
    rows.map((row) => row.type),
    rows.map((row) => row.tenantId),
    rows.map((row) => row.username),
    rows.map((row) => JSON.stringify(row.actor)),
    rows.map((row) => row.requestId),
    rows.map((row) => JSON.stringify(row.data)),
    rows.map((row) => row.before && JSON.stringify(row.before)),
    rows.map((row) => row.after && JSON.stringify(row.after)),
    rows.map((row) => row.state && JSON.stringify(row.state)),
  ]);
  const conflict = rows.find(({ position }) => String(position) === result?.position);
  if (conflict) throw new StreamConflict({ ...conflict, streamId: streamOf(conflict) }, result?.applied ?? '');
  return Number(result?.added);
}

function streamOf({ smtpUserId, type }: ChangeRow): string {
  return smtpUserId === null ? `the stream of a ${type}` : `smtp-user/${smtpUserId}`;
}

const NAMES =
  'position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor, request_id, data, before, after, state';

const INSERT = `
  WITH added AS (
    INSERT INTO changes (${NAMES})
    SELECT position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor::jsonb, request_id, data::jsonb,
           before::jsonb, after::jsonb, state::jsonb
      FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[],
                  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]) AS change (${NAMES})
    ON CONFLICT DO NOTHING
    RETURNING 1
  ), conflict AS (
    SELECT known.position, known.event_id
      FROM unnest($1::bigint[], $2::uuid[]) AS change (position, event_id)
      JOIN changes known ON known.position = change.position AND known.event_id <> change.event_id
     WHERE (SELECT count(*) FROM added) < cardinality($1::bigint[]) LIMIT 1
  )
  SELECT (SELECT count(*) FROM added) AS added, position, event_id AS applied FROM (VALUES (1)) one LEFT JOIN conflict ON true`;
