import type { EntityManager } from 'typeorm';
import type { DenialRow } from './denial-row.js';

/** Relays remembered of one address: enough to tell where to look, and a row stays small. */
export const MAX_RELAYS_PER_IP = 20;

/**
 * Adds the denials that are not there yet, and raises the totals of their addresses by those alone: however often and
 * in however many batches a denial comes, it counts once. One from before `keptFrom` (RFC 3339) is counted and gets no
 * row; what makes it count once is the checkpoint alone, which moves in the same transaction.
 * Gives the number that was counted.
 */
export async function insertDenials(
  manager: EntityManager,
  rows: readonly DenialRow[],
  keptFrom: string,
): Promise<number> {
  if (rows.length === 0) return 0;
  const columns = COLUMNS.map(([name]) => rows.map((row) => row[name]));
  const [result] = await manager.query<{ counted: string }[]>(INSERT, [...columns, keptFrom]);
  return Number(result?.counted);
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

/** The known lists stay in front: which relays are remembered does not change with every batch. */
const merged = (list: 'relays' | 'reasons') =>
  `CASE WHEN known.${list} @> excluded.${list} THEN known.${list}
        ELSE (known.${list} || ARRAY(SELECT new FROM unnest(excluded.${list}) AS new WHERE new <> ALL (known.${list})))[1 : ${MAX_RELAYS_PER_IP}] END`;

const KEPT_FROM = `$${COLUMNS.length + 1}::timestamptz`;
const TOLD = 'smtp_user_id, tenant_id, ip, address, occurred_at, relay, reason, count';

const INSERT = `
  WITH denial AS (
    SELECT ${NAMES} FROM unnest(${ARRAYS}) AS denial (${NAMES})
  ), added AS (
    INSERT INTO audit.denials (${NAMES})
    SELECT ${NAMES} FROM denial WHERE occurred_at >= ${KEPT_FROM}
    ON CONFLICT DO NOTHING
    RETURNING ${TOLD}
  ), counted AS (
    SELECT ${TOLD} FROM added
    UNION ALL
    (SELECT DISTINCT ON (id) ${TOLD} FROM denial WHERE occurred_at < ${KEPT_FROM})
  ), totals AS (
    INSERT INTO audit.denied_ips AS known
           (smtp_user_id, tenant_id, ip, address, count, first_denied_at, last_denied_at, relays, reasons)
    SELECT smtp_user_id, tenant_id, ip, address, sum(count), min(occurred_at), max(occurred_at),
           (array_agg(DISTINCT relay))[1 : ${MAX_RELAYS_PER_IP}], array_agg(DISTINCT reason)
      FROM counted GROUP BY smtp_user_id, tenant_id, ip, address
     ORDER BY smtp_user_id, ip -- two consumers lock the rows in one order
    ON CONFLICT (smtp_user_id, address, ip) DO UPDATE SET
      count = known.count + excluded.count,
      first_denied_at = least(known.first_denied_at, excluded.first_denied_at),
      last_denied_at = greatest(known.last_denied_at, excluded.last_denied_at),
      relays = ${merged('relays')},
      reasons = ${merged('reasons')}
  )
  SELECT count(*) AS counted FROM counted`;
