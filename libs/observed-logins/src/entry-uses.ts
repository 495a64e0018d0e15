import sql, { type Sql } from 'sql-template-tag';
import { dayOf } from './observed-sources.js';

const DAY_MS = 86_400_000;

/**
 * A subquery on how an entry was used since it was added: `last`, the hour of the last login that it let in, and `logins30d`. It is for a row
 * `entry` with `smtp_user_id`, `id`, `range` and `added_at`. A login counts for the entry that the relay named. If the relay named none, it counts for each
 * entry whose range has the address. The hour in which an entry was added counts as after it.
 * For each entry and day, a few steps through the primary key (skip scan).
 */
export function entryUse(now: Date): Sql {
  return sql`
    SELECT max(last_seen_at) AS last,
           coalesce(sum(logins) FILTER (WHERE day >= ${dayOf(new Date(now.getTime() - 30 * DAY_MS))}), 0)::float8 AS logins30d
      FROM logins.sources source
     WHERE day >= (added_at AT TIME ZONE 'UTC')::date AND source.smtp_user_id = entry.smtp_user_id
       AND address BETWEEN host(network(range))::inet AND host(broadcast(range))::inet
       AND last_seen_at >= date_trunc('hour', added_at, 'UTC') AND (entry_id IS NULL OR entry_id = entry.id)`;
}
