import { TOPICS } from '@postern/contracts';
import { tableModel, type Rebuildable } from '@postern/read-models';
import type { EntityManager } from 'typeorm';
import { DENIALS_CONSUMER } from './record/denials-consumer.js';
import { denialRow, isUnreadable, type DenialRow } from './record/denial-row.js';
import { insertDenials, MAX_RELAYS_PER_IP, putAside } from './record/insert-denials.js';

/**
 * The denials and their totals, for verifying and rebuilding. The denials are those of the months that the live table keeps: its
 * partitions' months, any later one, and what it holds of others. `from`, a month (`2026-01`), brings back older ones
 * that the journal has, such as those of a partition that was lost. The totals are those of the whole journal.
 */
export function denialsModel(from: string | null = null): Rebuildable {
  return tableModel({
    name: 'denials',
    schema: 'audit',
    consumer: DENIALS_CONSUMER,
    topics: [TOPICS.authDenials],
    batch: 5_000,
    tables: [
      {
        name: 'denials',
        key: 'id::text',
        group: MONTH,
        compared: `id, occurred_at, recorded_at, position, smtp_user_id, count, refused, tenant_id, username, ip, address,
                   relay, reason, mode`,
      },
      {
        name: 'denied_ips',
        key: `smtp_user_id || ' ' || ip`,
        group: null,
        compared: `smtp_user_id, count, first_denied_at, last_denied_at, tenant_id, ip, address, ${RELAYS}, ${sorted('reasons')}`,
      },
      { name: 'unreadable_denials', key: 'event_id::text', group: null, compared: 'event_id, tenant_id, why, event' },
    ],
    writer: async (live) => {
      const keeps = await keptMonths(live, from);
      return async (manager, events) => {
        const read = events.map(denialRow);
        const rows = read.filter((row): row is DenialRow => !isUnreadable(row));
        await insertDenials(manager, rows);
        await putAside(manager, read.filter(isUnreadable));
        const dropped = rows.filter((row) => !keeps(row.occurred_at.slice(0, 7)));
        // Only now that they are in the totals.
        if (dropped.length > 0) await manager.query(DROP_ROWS, columns(dropped));
      };
    },
  });
}

const MONTH = `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM')`;
const sorted = (list: string) => `ARRAY(SELECT unnest(${list}) ORDER BY 1)`;
/** Beyond so many, which ones are remembered depends on the batches in which they came. */
const RELAYS = `CASE WHEN cardinality(relays) < ${MAX_RELAYS_PER_IP} THEN ${sorted('relays')} END`;

const DROP_ROWS = `
  DELETE FROM audit.denials d USING unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS dropped (smtp_user_id, occurred_at, id)
   WHERE d.smtp_user_id = dropped.smtp_user_id AND d.occurred_at = dropped.occurred_at AND d.id = dropped.id`;

function columns(rows: readonly DenialRow[]): unknown[][] {
  return [rows.map((row) => row.smtp_user_id), rows.map((row) => row.occurred_at), rows.map((row) => row.id)];
}

/** Whether the live table keeps a month (`2026-11`); with no partition of a month at all, it keeps every one. */
async function keptMonths(live: EntityManager, from: string | null): Promise<(month: string) => boolean> {
  const [{ first, others } = { first: null, others: [] }] =
    await live.query<{ first: string | null; others: string[] }[]>(KEPT);
  const earliest = from !== null && (first === null || from < first) ? from : first;
  const also = new Set(others);
  return (month) => earliest === null || month >= earliest || also.has(month);
}

/** The partitions' names tell their months; of the one without a month, the months of its rows. */
const KEPT = `
  SELECT (SELECT min(replace(substr(c.relname, 9), '_', '-')) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'audit.denials'::regclass AND c.relname ~ '^denials_[0-9]{4}_[0-9]{2}$') AS first,
         ARRAY(SELECT DISTINCT ${MONTH} FROM audit.denials_of_no_month) AS others`;
