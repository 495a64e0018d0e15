import { arrayLiteral } from '@postern/database';
import { parseAddress } from '@postern/ip-ranges';
import type { EntityManager } from 'typeorm';

/** The most addresses that a suggestion considers. */
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
  /** Only addresses that the ranges contain, or none of them; canonical. */
  readonly allowed?: { readonly ranges: readonly string[]; readonly contain: boolean } | undefined;
  /** The last source of the page before. */
  readonly after?: { readonly lastSeenAt: string; readonly ip: string } | undefined;
}

/** The part of an observed source that a decision needs. */
export type SeenSource = Pick<ObservedSource, 'ip' | 'logins' | 'lastSeenAt'>;

/** The addresses from which the SMTP user has logged in, newest first, at most `limit`. Within `inTenant`, as `postern_logins_reader` or `postern_audit_reader`. */
export async function findSources(
  manager: EntityManager,
  smtpUserId: string,
  { from, to, range, allowed, after }: SourcesFilter,
  limit: number,
): Promise<ObservedSource[]> {
  const rows = await manager.query<{ ip: string; logins: number; first: Date; last: Date; relays: string }[]>(FIND, [
    smtpUserId,
    from ?? '-infinity',
    to ?? 'infinity',
    range ?? null,
    after?.lastSeenAt ?? 'infinity',
    after?.ip ?? '::',
    limit,
    allowed ? arrayLiteral(allowed.ranges) : null,
    allowed?.contain ?? null,
  ]);
  return rows.map(({ ip, logins, first, last, relays }) => ({
    ip: canonical(ip),
    logins,
    firstSeenAt: first.toISOString(),
    lastSeenAt: last.toISOString(),
    relays: [...new Set(relays.split('\n'))],
  }));
}

/** The range is compared with BETWEEN. `<<=` is not leakproof, so it could not use an index under row-level security. */
const FIND = `
  SELECT host(address) AS ip, sum(logins)::float8 AS logins, min(first_seen_at) AS first, max(last_seen_at) AS last,
         string_agg(array_to_string(relays, E'\\n'), E'\\n') AS relays
    FROM logins.sources
   WHERE smtp_user_id = $1 AND day >= ($2::timestamptz AT TIME ZONE 'UTC')::date AND last_seen_at >= $2::timestamptz
     AND first_seen_at < $3::timestamptz
     AND ($4::inet IS NULL OR address BETWEEN host(network($4::inet))::inet AND host(broadcast($4::inet))::inet)
     AND ($8::inet[] IS NULL OR (address <@ ${addressesIn('$8')}) = $9)
   GROUP BY address HAVING (max(last_seen_at), address) < ($5::timestamptz, $6::inet)
   ORDER BY max(last_seen_at) DESC, address DESC LIMIT $7`;

/** PostgreSQL writes some IPv6 addresses in another form. */
export function canonical(ip: string): string {
  if (!ip.includes(':')) return ip;
  const address = parseAddress(ip);
  return address.ok ? address.value.text : ip;
}

/** SQL of the set of addresses in the ranges of a parameter. */
export function addressesIn(parameter: string): string {
  return `(SELECT coalesce(range_agg(logins.addresses(host(network(range))::inet, host(broadcast(range))::inet, '[]')), '{}')
             FROM unnest(${parameter}::inet[]) AS range)`;
}

/** The UTC day of an instant. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
