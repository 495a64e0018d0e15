import type { ObservedSource } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import type { EntityManager } from 'typeorm';

/** The most addresses that one answer looks at. */
export const MAX_SOURCES = 10_000;

/** Which sources of an SMTP user are wanted. */
export interface WantedSources {
  /** Of the UTC days from then on, and not of hours before; left out: as long as they are kept. */
  readonly from?: string | undefined;
  /** Of hours that began before. */
  readonly to?: string | undefined;
  /** Canonical: in this range. */
  readonly range?: string | undefined;
  /** Those that come after this one in the list. */
  readonly after?: { readonly lastSeenAt: string; readonly ip: string } | undefined;
}

interface SourceRow {
  readonly ip: string;
  readonly logins: number;
  readonly first: Date;
  readonly last: Date;
  readonly relays: string;
}

/**
 * The addresses from which the SMTP user has logged in on the UTC day of `from` or later, newest first; the newest `limit` of them.
 * Within `inTenant`, as `postern_logins_reader`.
 */
export function observedSources(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  limit = MAX_SOURCES,
): Promise<ObservedSource[]> {
  return findSources(manager, smtpUserId, { from: `${dayOf(from)}T00:00:00.000Z` }, limit);
}

/** The sources that are wanted, folded by address; otherwise the same. */
export async function findSources(
  manager: EntityManager,
  smtpUserId: string,
  { from, to, range, after }: WantedSources,
  limit: number,
): Promise<ObservedSource[]> {
  const rows = await manager.query<SourceRow[]>(FIND, [
    smtpUserId,
    from ?? '-infinity',
    to ?? 'infinity',
    range ?? null,
    after?.lastSeenAt ?? 'infinity',
    after?.ip ?? '::',
    limit,
  ]);
  return rows.map(sourceOf);
}

/** A range is compared, and not by <<=, which is not leakproof: behind row-level security it could use no index. */
const FIND = `
  SELECT host(address) AS ip, sum(logins)::float8 AS logins, min(first_seen_at) AS first, max(last_seen_at) AS last,
         string_agg(array_to_string(relays, E'\\n'), E'\\n') AS relays
    FROM logins.sources
   WHERE smtp_user_id = $1 AND day >= ($2::timestamptz AT TIME ZONE 'UTC')::date AND last_seen_at >= $2::timestamptz
     AND first_seen_at < $3::timestamptz
     AND ($4::inet IS NULL OR address BETWEEN host(network($4::inet))::inet AND host(broadcast($4::inet))::inet)
   GROUP BY address HAVING (max(last_seen_at), address) < ($5::timestamptz, $6::inet)
   ORDER BY max(last_seen_at) DESC, address DESC LIMIT $7`;

function sourceOf({ ip, logins, first, last, relays }: SourceRow): ObservedSource {
  const address = parseAddress(ip);
  return {
    ip: address.ok ? address.value.text : ip,
    logins,
    firstSeenAt: first.toISOString(),
    lastSeenAt: last.toISOString(),
    relays: [...new Set(relays.split('\n'))],
  };
}

/** Logins of a UTC day. */
export interface LoginsOfDay {
  readonly day: string;
  readonly logins: number;
  /** Those from one of the addresses that were asked for. */
  readonly ofAddresses: number;
}

/** The logins of the SMTP user by day, from the UTC day of `from` on; only days that had any. Within `inTenant`, as `postern_logins_reader`. */
export function loginsByDay(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  addresses: readonly string[],
): Promise<LoginsOfDay[]> {
  return manager.query<LoginsOfDay[]>(
    `SELECT day::text, sum(logins)::float8 AS logins,
            coalesce(sum(logins) FILTER (WHERE address = ANY ($3::inet[])), 0)::float8 AS "ofAddresses"
       FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2 GROUP BY day ORDER BY day`,
    [smtpUserId, dayOf(from), addresses],
  );
}

/** The UTC day of an instant. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
