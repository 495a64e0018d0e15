import type { EntityManager } from 'typeorm';
import { dayOf } from './observed-sources.js';

/** A relay reports at least once an hour; without logins, an empty batch. */
const SILENT_AFTER_HOURS = 2;
const MAX_SILENT = 100;

/** What is not known of where an SMTP user logs in from. */
export interface LoginCoverage {
  /** Since when any relay has reported logins; null: none ever has. */
  readonly since: string | null;
  /** Relays that had contact within a day but do not report logins, by name; at most 100. */
  readonly silentRelays: readonly string[];
  /** Logins from addresses beyond those that are kept of a day. */
  readonly notKept: number;
}

/**
 * What is not known about the logins of an SMTP user since the day (UTC) of `from`. Without a user (null), `notKept` is 0. Within
 * `inTenant`, as `postern_logins_reader` or `postern_audit_reader`.
 */
export async function loginCoverage(
  manager: EntityManager,
  smtpUserId: string | null,
  from: Date,
): Promise<LoginCoverage> {
  const [row] = await manager.query<{ since: Date | null; silentRelays: string[]; notKept: number }[]>(
    `SELECT (SELECT min(first_reported_at) FROM logins.reporters) AS since,
            ARRAY(SELECT DISTINCT name FROM access.relays relay
                   WHERE NOT EXISTS (
                     SELECT FROM logins.reporters reporter
                      WHERE (reporter.key_id, reporter.relay) = (relay.key_id, relay.name)
                        AND last_reported_at >= last_contact_at - interval '${SILENT_AFTER_HOURS} hours')
                   ORDER BY name LIMIT ${MAX_SILENT}) AS "silentRelays",
            (SELECT coalesce(sum(logins), 0)::float8 FROM logins.overflow
              WHERE smtp_user_id = $1 AND day >= $2) AS "notKept"`,
    [smtpUserId, dayOf(from)],
  );
  const { since = null, silentRelays = [], notKept = 0 } = row ?? {};
  return { since: since?.toISOString() ?? null, silentRelays, notKept };
}
