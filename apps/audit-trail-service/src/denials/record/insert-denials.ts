import type { EntityManager } from 'typeorm';
import type { DenialRetention } from '../../retention/denial-retention.js';
import type { DenialRow } from './denial-row.js';

/** Relays stored per address: enough to know where to look, and the row stays small. */
export const MAX_RELAYS_PER_IP = 20;

const COUNT_OLD_LOCK = 8_025_040;

export interface InsertedDenials {
  readonly counted: number;
  readonly stored: readonly DenialRow[];
}

/**
 * Each denial counts once: a repeat is recognised by its id, or, if rows may have been dropped, by the journal's position: the denials of an
 * address are in one stream, in order. A denial from before `keptFrom` is counted without a row. No schema is named, so that a rebuild can write
 * to new tables.
 */
export async function insertDenials(
  manager: EntityManager,
  rows: readonly DenialRow[],
  { keptFrom, droppedBefore }: DenialRetention,
): Promise<InsertedDenials> {
  if (rows.length === 0) return { counted: 0, stored: [] };
  // These denials have no row on which two consumers would wait for each other.
  if (rows.some((row) => row.occurred_at < droppedBefore))
    await manager.query('SELECT pg_advisory_xact_lock($1)', [COUNT_OLD_LOCK]);
  const columns = COLUMNS.map(([name]) => rows.map((row) => row[name]));
  const [result] = await manager.query<{ counted: string; stored: string[] | null }[]>(INSERT, [
    ...columns,
    keptFrom,
    droppedBefore,
  ]);
  // Null: all of them, the usual case.
  const stored = result?.stored && new Set(result.stored);
  return { counted: Number(result?.counted), stored: stored ? rows.filter((row) => stored.delete(row.id)) : rows };
}

const COLUMNS = [
  ['id', 'uuid'],
  ['occurred_at', 'timestamptz'],
  ['recorded_at', 'timestamptz'],
  ['position', 'bigint'],
  ['smtp_user_id', 'uuid'],
  ['count', 'integer'],
  ['refused', 'boolean'],
  ['tenant_id', 'text'],
  ['username', 'text'],
  ['ip', 'text'],
  ['address', 'inet'],
  ['relay', 'text'],
  ['reason', 'text'],
  ['mode', 'text'],
] as const satisfies readonly (readonly [keyof DenialRow, string])[];
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const ARRAYS = COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ');

/** Stored values first, so that the remembered relays do not change with every batch. */
const merged = (list: 'relays' | 'reasons') =>
  `CASE WHEN known.${list} @> excluded.${list} THEN known.${list}
        ELSE (known.${list} || ARRAY(SELECT new FROM unnest(excluded.${list}) AS new WHERE new <> ALL (known.${list})))[1 : ${MAX_RELAYS_PER_IP}] END`;

const KEPT_FROM = `$${COLUMNS.length + 1}::timestamptz`;
const DROPPED_BEFORE = `$${COLUMNS.length + 2}::timestamptz`;
const COUNTED = 'id, position, smtp_user_id, tenant_id, ip, address, occurred_at, relay, reason, count';

const INSERT = `
  WITH denial AS (
    SELECT ${NAMES} FROM unnest(${ARRAYS}) AS denial (${NAMES})
  ), repeated AS (
    SELECT denial.id FROM denial JOIN denied_ips known USING (smtp_user_id, ip)
     WHERE denial.occurred_at < ${DROPPED_BEFORE} AND denial.position <= known.last_position
  ), added AS (
    INSERT INTO denials (${NAMES})
    SELECT ${NAMES} FROM denial WHERE occurred_at >= ${KEPT_FROM}
    ON CONFLICT DO NOTHING
    RETURNING ${COUNTED}
  ), counted AS (
    SELECT ${COUNTED} FROM added WHERE id NOT IN (SELECT id FROM repeated)
    UNION ALL
    (SELECT DISTINCT ON (id) ${COUNTED} FROM denial WHERE occurred_at < ${KEPT_FROM} AND id NOT IN (SELECT id FROM repeated))
  ), totals AS (
    INSERT INTO denied_ips AS known
           (smtp_user_id, tenant_id, ip, address, count, first_denied_at, last_denied_at, relays, reasons, last_position)
    SELECT smtp_user_id, tenant_id, ip, address, sum(count), min(occurred_at), max(occurred_at),
           (array_agg(DISTINCT relay))[1 : ${MAX_RELAYS_PER_IP}], array_agg(DISTINCT reason), max(position)
      FROM counted GROUP BY smtp_user_id, tenant_id, ip, address
     ORDER BY smtp_user_id, ip -- two consumers lock the rows in one order
    ON CONFLICT (smtp_user_id, address, ip) DO UPDATE SET
      count = known.count + excluded.count,
      first_denied_at = least(known.first_denied_at, excluded.first_denied_at),
      last_denied_at = greatest(known.last_denied_at, excluded.last_denied_at),
      relays = ${merged('relays')},
      reasons = ${merged('reasons')},
      last_position = greatest(known.last_position, excluded.last_position)
  )
  SELECT (SELECT count(*) FROM counted) AS counted,
         CASE WHEN (SELECT count(*) FROM added) < cardinality($1::uuid[]) THEN ARRAY(SELECT id::text FROM added) END AS stored`;
