import type { Rebuilding } from '@postern/read-models';
import type { EntityManager } from 'typeorm';
import { POLICIES_CHANNEL } from './published-policies.js';

/** New rows have revisions from here on, below zero, until they get the live row's revision or the next one. */
export const NO_REVISION_YET = -1_000_000_000_000_000;

/** Relays get only the differences of a rebuild. Live rows of usernames that the journal does not have become tombstones, so that relays remove them. */
export class KeptRevisions implements Rebuilding {
  private upTo: string = String(NO_REVISION_YET);
  private unknown: readonly string[] = [];

  /** For the rows just written. `finish` handles rows that were written while the live consumer was behind. */
  async afterWrite(manager: EntityManager): Promise<void> {
    await manager.query(KEEP, [this.upTo]);
    const [totals] = await manager.query<{ revision: string }[]>('SELECT revision FROM relay_policy_totals');
    this.upTo = totals?.revision ?? this.upTo;
  }

  async beforeSwitch(manager: EntityManager): Promise<void> {
    const rows = await manager.query<{ username_key: string }[]>(UNKNOWN);
    this.unknown = rows.map((row) => row.username_key);
  }

  async finish(manager: EntityManager): Promise<string> {
    await manager.query(KEEP, [String(NO_REVISION_YET)]);
    const [last] = await manager.query<{ revision: string }[]>(LAST_REVISION);
    await manager.query(BURY, [this.unknown]);
    const [numbered] = await manager.query<{ sent: number }[]>(NUMBER, [last?.revision]);
    return `relays are sent ${numbered?.sent ?? 0} changes`;
  }
}

/** Uses relay_policies_by_revision. */
const KEEP = `
  UPDATE relay_policies new SET revision = live.revision
    FROM projection.relay_policies live
   WHERE new.revision < 0 AND new.revision > $1 AND live.revision IS NOT NULL
     AND live.smtp_user_id = new.smtp_user_id AND live.username_key = new.username_key
     AND (live.tenant_id, live.username, live.mode, live.enforce_at, live.restricted, live.entries::text, live.version, live.removed)
       IS NOT DISTINCT FROM (new.tenant_id, new.username, new.mode, new.enforce_at, new.restricted, new.entries::text, new.version, new.removed)`;

const UNKNOWN = `
  SELECT username_key FROM projection.relay_policies live
   WHERE revision IS NOT NULL AND NOT EXISTS (SELECT FROM relay_policies new WHERE new.username_key = live.username_key)`;

/** The totals may be lost, or were changed by hand. */
const LAST_REVISION = `
  SELECT greatest((SELECT revision FROM projection.relay_policy_totals),
                  (SELECT max(revision) FROM projection.relay_policies), 0) AS revision`;

const BURY = `
  INSERT INTO relay_policies (smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, entries, version, event_id,
                              claimed_at, removed, digest, revision)
  SELECT smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, '[]', version, event_id, 0, true,
         '\\x0000000000000000', CASE WHEN claimed_at = 0 THEN revision ELSE -revision END
    FROM projection.relay_policies live
   WHERE username_key = ANY ($1::text[]) AND revision IS NOT NULL
     AND NOT EXISTS (SELECT FROM relay_policies new WHERE new.username_key = live.username_key)`;

/** In the order in which they were applied, tombstones last. At the commit it wakes the streams of every process. */
const NUMBER = `
  WITH numbered AS (
    SELECT smtp_user_id, username_key, $1::bigint + row_number() OVER (ORDER BY revision) AS revision FROM relay_policies WHERE revision < 0
  ), given AS (
    UPDATE relay_policies p SET revision = n.revision FROM numbered n
     WHERE p.smtp_user_id = n.smtp_user_id AND p.username_key = n.username_key RETURNING 1
  ), totals AS (
    UPDATE relay_policy_totals SET revision = $1::bigint + (SELECT count(*) FROM given) RETURNING revision
  )
  SELECT (SELECT count(*)::integer FROM given) AS sent, pg_notify('${POLICIES_CHANNEL}', revision::text) FROM totals`;
