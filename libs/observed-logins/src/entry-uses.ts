import type { EntryId, SmtpUserId } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { dayOf } from './observed-sources.js';

const DAY_MS = 86_400_000;

/** How an entry was used since it was added. */
export interface EntryUse {
  /** The hour of the last login that it let in, RFC 3339; null: none, as far as logins are kept. */
  readonly lastMatchedAt: string | null;
  readonly logins30d: number;
}

export interface UsableEntry {
  readonly smtpUserId: SmtpUserId;
  readonly id: EntryId;
  readonly range: string;
  readonly addedAt: string;
}

/**
 * The uses of the entries, in the same order. A login counts for the entry that the relay named. If the relay named none, it counts for
 * each entry whose range has the address. Within `inTenant`, as `postern_logins_reader`.
 */
export async function entryUses(
  manager: EntityManager,
  entries: readonly UsableEntry[],
  now: Date,
): Promise<EntryUse[]> {
  const rows = await manager.query<{ last: Date | null; logins: number }[]>(USES, [
    entries.map(({ smtpUserId }) => smtpUserId),
    entries.map(({ id }) => id),
    entries.map(({ range }) => range),
    entries.map(({ addedAt }) => addedAt),
    dayOf(new Date(now.getTime() - 30 * DAY_MS)),
  ]);
  return rows.map(({ last, logins }) => ({ lastMatchedAt: last?.toISOString() ?? null, logins30d: logins }));
}

/** The hour in which an entry was added counts as after it. For each entry and day, a few steps through the primary key (skip scan). */
const USES = `
  SELECT last, logins
    FROM unnest($1::uuid[], $2::uuid[], $3::inet[], $4::timestamptz[])
         WITH ORDINALITY AS entry (smtp_user_id, id, range, added_at, nth),
         LATERAL (
           SELECT max(last_seen_at) AS last, coalesce(sum(logins) FILTER (WHERE day >= $5), 0)::float8 AS logins
             FROM logins.sources source
            WHERE day >= (added_at AT TIME ZONE 'UTC')::date AND source.smtp_user_id = entry.smtp_user_id
              AND address BETWEEN host(network(range))::inet AND host(broadcast(range))::inet
              AND last_seen_at >= date_trunc('hour', added_at, 'UTC') AND (entry_id IS NULL OR entry_id = entry.id)) use
   ORDER BY nth`;
