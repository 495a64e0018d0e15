import { arrayLiteral } from '@postern/database';
import type { EntityManager } from 'typeorm';
import { canonical, dayOf, type SeenSource } from './observed-sources.js';

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
 * addresses: to read 10,000 of them took Node as long as everything else. Within `inTenant`, as `postern_logins_reader`.
 * @param allowed canonical
 */
export async function refusedSources(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  allowed: readonly string[],
  limit: number,
): Promise<RefusedSources> {
  const [row] = await manager.query<RefusedSources[]>(REFUSED, [smtpUserId, dayOf(from), arrayLiteral(allowed), limit]);
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
      FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2 GROUP BY address
  ), refused AS MATERIALIZED (
    SELECT * FROM source
     WHERE NOT address <@ (SELECT coalesce(range_agg(logins.addresses(host(network(range))::inet, host(broadcast(range))::inet, '[]')), '{}')
                             FROM unnest($3::inet[]) AS range)
  )
  SELECT (SELECT coalesce(sum(logins), 0)::float8 FROM source) AS logins,
         (SELECT coalesce(sum(logins), 0)::float8 FROM refused) AS refused,
         (SELECT count(*)::integer FROM refused) AS "refusedAddresses",
         (SELECT coalesce(json_agg(newest), '[]')
            FROM (SELECT host(address) AS ip, logins, last AS "lastSeenAt"
                    FROM refused ORDER BY last DESC, address DESC LIMIT $4) newest) AS addresses`;
