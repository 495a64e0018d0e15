import type { ObservedSource } from '@postern/contracts';
import { parseAddress } from '@postern/ip-ranges';
import type { EntityManager } from 'typeorm';

/** The most addresses that one answer looks at. */
const MAX_SOURCES = 10_000;

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
export async function observedSources(
  manager: EntityManager,
  smtpUserId: string,
  from: Date,
  limit = MAX_SOURCES,
): Promise<ObservedSource[]> {
  const rows = await manager.query<SourceRow[]>(
    `SELECT host(address) AS ip, sum(logins)::float8 AS logins, min(first_seen_at) AS first, max(last_seen_at) AS last,
            string_agg(array_to_string(relays, E'\\n'), E'\\n') AS relays
       FROM logins.sources WHERE smtp_user_id = $1 AND day >= $2
      GROUP BY address ORDER BY max(last_seen_at) DESC, address DESC LIMIT $3`,
    [smtpUserId, dayOf(from), limit],
  );
  return rows.map(sourceOf);
}

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

/** The UTC day of an instant. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
