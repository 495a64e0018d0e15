import { withSession } from '@postern/database';
import { hashSecret } from '@postern/contracts';

export interface FeedCheck {
  readonly events: number;
  /** Events that the feed does not return yet, because an older transaction of the cluster is open. */
  readonly held: number;
}

export async function checkFeed(ownerUrl: string): Promise<FeedCheck> {
  return withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ events: string; held: string }>(
      `SELECT count(*) AS events, count(*) FILTER (WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())) AS held
         FROM journal.events`,
    );
    return { events: Number(rows[0]?.events), held: Number(rows[0]?.held) };
  });
}

export interface KeyCheck {
  readonly live: number;
  readonly operators: number;
  /** Null without an operator key at hand. */
  readonly given: 'works' | 'unknown' | null;
}

export async function checkKeys(ownerUrl: string, operatorKey: string | null): Promise<KeyCheck> {
  return withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ live: string; operators: string; given: string }>(
      `SELECT count(*) AS live, count(*) FILTER (WHERE role = 'operator') AS operators,
              count(*) FILTER (WHERE role = 'operator' AND secret_hash = $1) AS given
         FROM access.api_keys WHERE revoked_at IS NULL`,
      [hashSecret(operatorKey ?? '')],
    );
    const given = operatorKey === null ? null : Number(rows[0]?.given) > 0 ? 'works' : 'unknown';
    return { live: Number(rows[0]?.live), operators: Number(rows[0]?.operators), given };
  });
}
