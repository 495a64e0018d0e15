import { arrayLiteral } from '@postern/database';
import type { EntityManager } from 'typeorm';
import { addressesIn, canonical, dayOf, type SeenSource } from './observed-sources.js';

export interface RefusedSources {
  /** All logins, allowed or refused. */
  readonly logins: number;
  readonly refused: number;
  readonly refusedAddresses: number;
  /** At most `limit`, newest first. */
  readonly addresses: readonly SeenSource[];
}

/**
 * What is refused if only the `allowed` ranges may log in, of the logins on the day (UTC) of `from` or later. PostgreSQL compares the
 * addresses: to read 10,000 of them took Node as long as everything else. Within `inTenant`, as `postern_logins_reader` or `postern_audit_reader`.
 * @param allowed canonical, as `allowedBefore`
 * @param limit of the addresses that are returned; the totals are of all
 * @param only addresses that logged in after `lastSeenAfter`, and that `allowedBefore` contains. Left out: all
 */
export async function refusedSources(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  allowed: readonly string[],
  limit: number,
  only: { readonly lastSeenAfter?: Date; readonly allowedBefore?: readonly string[] } = {},
): Promise<RefusedSources> {
  const [row] = await manager.query<RefusedSources[]>(REFUSED, [
    smtpUserId,
    dayOf(from),
    arrayLiteral(allowed),
    limit,
    only.lastSeenAfter ?? null,
    only.allowedBefore ? arrayLiteral(only.allowedBefore) : null,
  ]);
  const { logins, refused, refusedAddresses, addresses } = row as RefusedSources;
  return {
    logins,
    refused,
    refusedAddresses,
    addresses: addresses.map(({ ip, logins, lastSeenAt }) => ({
      ip: canonical(ip),
      logins,
      lastSeenAt: new Date(lastSeenAt).toISOString(),
    })),
  };
}

const REFUSED = `
  WITH source AS MATERIALIZED (
    SELECT address, sum(logins)::bigint AS logins, max(last_seen_at) AS last
      FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2
     GROUP BY address HAVING max(last_seen_at) > coalesce($5, '-infinity'::timestamptz)
  ), refused AS MATERIALIZED (
    SELECT * FROM source
     WHERE NOT address <@ ${addressesIn('$3')} AND ($6::inet[] IS NULL OR address <@ ${addressesIn('$6')})
  )
  SELECT (SELECT coalesce(sum(logins), 0)::float8 FROM source) AS logins,
         (SELECT coalesce(sum(logins), 0)::float8 FROM refused) AS refused,
         (SELECT count(*)::integer FROM refused) AS "refusedAddresses",
         (SELECT coalesce(json_agg(newest), '[]')
            FROM (SELECT host(address) AS ip, logins, last AS "lastSeenAt"
                    FROM refused ORDER BY last DESC, address DESC LIMIT $4) newest) AS addresses`;

/** Logins of a day (UTC). */
export interface LoginsOfDay {
  readonly day: string;
  readonly allowed: number;
  readonly refused: number;
}

/**
 * The logins of the SMTP user by day, from the day (UTC) of `from`, divided by what is decided if only the `allowed` ranges may log in. Days without logins
 * are left out. Within `inTenant`, as `postern_logins_reader` or `postern_audit_reader`.
 */
export function loginsByDay(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  allowed: readonly string[],
): Promise<LoginsOfDay[]> {
  return manager.query<LoginsOfDay[]>(
    `SELECT day::text, coalesce(sum(logins) FILTER (WHERE allowed), 0)::float8 AS allowed,
            coalesce(sum(logins) FILTER (WHERE NOT allowed), 0)::float8 AS refused
       FROM (SELECT day, logins, address <@ ${addressesIn('$3')} AS allowed
               FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2) source
      GROUP BY day ORDER BY day`,
    [smtpUserId, dayOf(from), arrayLiteral(allowed)],
  );
}
