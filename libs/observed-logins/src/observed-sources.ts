import { parseAddress } from '@postern/ip-ranges';
import type { EntityManager } from 'typeorm';

/** The most addresses that one answer considers. */
export const MAX_SOURCES = 10_000;

/** An address from which an SMTP user has logged in. Times are hours. */
export interface ObservedSource {
  readonly ip: string;
  readonly logins: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly relays: readonly string[];
}

/** A filter on the sources of an SMTP user. */
export interface SourcesFilter {
  /** RFC 3339. Only days (UTC) from the day of `from`, and only rows whose last login is not before it. Left out: no limit. */
  readonly from?: string | undefined;
  /** RFC 3339. Only rows whose first login is before it. Left out: no limit. */
  readonly to?: string | undefined;
  /** Only addresses in this range; canonical. */
  readonly range?: string | undefined;
  /** The last source of the page before. */
  readonly after?: { readonly lastSeenAt: string; readonly ip: string } | undefined;
}

interface SourceRow {
  readonly ip: string;
  readonly logins: number;
  readonly first: Date;
  readonly last: Date;
  readonly relays: string;
}

/** The part of an observed source that a decision needs. */
export type SeenSource = Pick<ObservedSource, 'ip' | 'logins' | 'lastSeenAt'>;

interface SeenSources {
  /** At most `limit`, newest first. */
  readonly sources: SeenSource[];
  /** All logins, including those from addresses beyond the limit. */
  readonly logins: number;
}

/**
 * The newest `limit` addresses from which the SMTP user has logged in on the day (UTC) of `from` or later; newest first.
 * Within `inTenant`, as `postern_logins_reader`. One text for each column: to parse 10,000 rows costs Node more than everything else.
 */
export async function observedSources(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  limit = MAX_SOURCES,
): Promise<SeenSources> {
  const [row] = await manager.query<{ all: number; ips: string; logins: string; hours: string }[]>(OBSERVED, [
    smtpUserId,
    dayOf(from),
    limit,
  ]);
  if (row === undefined || row.ips === '') return { sources: [], logins: 0 };
  const logins = row.logins.split(' ');
  const hours = row.hours.split(' ');
  const times = new Map([...new Set(hours)].map((hour) => [hour, new Date(Number(hour)).toISOString()]));
  const sources = row.ips.split(' ').map((ip, i) => ({
    ip: canonical(ip),
    logins: Number(logins[i]),
    lastSeenAt: times.get(hours[i] ?? '') ?? '',
  }));
  return { sources, logins: row.all };
}

const OBSERVED = `
  WITH source AS MATERIALIZED (
    SELECT address, sum(logins)::bigint AS logins, max(last_seen_at) AS last
      FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2 GROUP BY address
  )
  SELECT (SELECT coalesce(sum(logins), 0)::float8 FROM source) AS all, coalesce(string_agg(host(address), ' '), '') AS ips,
         string_agg(logins::text, ' ') AS logins, string_agg((date_part('epoch', last) * 1000)::bigint::text, ' ') AS hours
    FROM (SELECT * FROM source ORDER BY last DESC, address DESC LIMIT $3) newest`;

/** Like `observedSources`, with a filter and all columns. The rows of an address are added up. */
export async function findSources(
  manager: EntityManager,
  smtpUserId: string,
  { from, to, range, after }: SourcesFilter,
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

/** The range is compared with BETWEEN. `<<=` is not leakproof, so it could not use an index under row-level security. */
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
  return {
    ip: canonical(ip),
    logins,
    firstSeenAt: first.toISOString(),
    lastSeenAt: last.toISOString(),
    relays: [...new Set(relays.split('\n'))],
  };
}

/** PostgreSQL writes some IPv6 addresses in another form. */
export function canonical(ip: string): string {
  if (!ip.includes(':')) return ip;
  const address = parseAddress(ip);
  return address.ok ? address.value.text : ip;
}

/** The UTC day of an instant. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
