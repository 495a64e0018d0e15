import {
  digestToHex,
  usernameKey,
  type Recorded,
  type SmtpUserEvent,
  type UsernameKey,
  splitStreamId,
} from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import {
  digestFromBytes,
  POLICIES_CHANNEL,
  totalsOf,
  type PolicyTotals,
  type TotalsRecord,
} from '../published-policies.js';
import { assignRevisions } from './assign-revisions.js';
import type { PolicyRow, PolicyRules } from './policy-row.js';
import { UsernameOwnership } from './username-ownership.js';

/** Applies events in the caller's transaction, repeats without effect. @throws `EventsMissing`, `StreamConflict`. */
export async function applyPolicies(manager: EntityManager, events: readonly Recorded<SmtpUserEvent>[]): Promise<void> {
  const before = await lockTotals(manager);
  const owners = new UsernameOwnership(await loadRows(manager, events));
  for (const event of events) owners.apply(event);
  const { totals, rows } = assignRevisions(owners, before);
  if (rows.length > 0) await saveRows(manager, rows, totals);
}

// These statements name no schema, so that a rebuild can run them on new tables by `search_path`.

/** The lock gives revisions in commit order. The commit does not wait for the disk: a crash loses the checkpoint too, so the events are applied again. */
async function lockTotals(manager: EntityManager): Promise<PolicyTotals> {
  const [record] = await manager.query<TotalsRecord[]>(
    `SELECT revision, policies, digest, set_config('synchronous_commit', 'off', true)
       FROM relay_policy_totals FOR UPDATE`,
  );
  if (!record)
    throw new Error('projection.relay_policy_totals has lost its row: run `postern rebuild relay-policies`.');
  return totalsOf(record);
}

/** The rows that the events may change, and the rows of their usernames that may become the published one. */
async function loadRows(manager: EntityManager, events: readonly Recorded<SmtpUserEvent>[]): Promise<PolicyRow[]> {
  const users = new Set<string>();
  const usernames = new Set<UsernameKey>();
  for (const event of events) {
    users.add(splitStreamId(event.streamId).subject);
    if (event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed') {
      usernames.add(usernameKey(event.data.username));
    }
  }
  const records = await manager.query<PolicyRecord[]>(ROWS, [[...users], [...usernames]]);
  const once = new Map(records.map((record) => [`${record.smtpUserId} ${record.usernameKey}`, record]));
  return [...once.values()].map(rowOf);
}

async function saveRows(manager: EntityManager, rows: readonly PolicyRow[], totals: PolicyTotals): Promise<void> {
  const digest = digestToHex(totals.digest);
  await manager.query(SAVE, [JSON.stringify(rows.map(recordOf)), totals.revision, totals.policies, digest]);
}

const COLUMNS = `
         smtp_user_id AS "smtpUserId", username_key AS "usernameKey", tenant_id AS "tenantId", username, mode, enforce_at AS "enforceAt", restricted,
         entries, version, event_id AS "eventId", claimed_at::float8 AS "claimedAt", removed, digest, revision::float8`;

/**
 * Uses the primary key, `one_published_policy_per_username` and `relay_policies_unpublished`. Of unpublished tombstones only the last one is needed.
 * In parts instead of OR: before the first ANALYZE, OR was planned as a sequential scan, 25 times slower than events arrive. A row may appear twice.
 */
const ROWS = `
  WITH held AS MATERIALIZED (SELECT ${COLUMNS} FROM relay_policies WHERE smtp_user_id = ANY ($1::uuid[])),
       touched AS MATERIALIZED (SELECT "usernameKey" AS name FROM held WHERE NOT removed UNION SELECT unnest($2::text[]))
  SELECT * FROM held
   UNION ALL SELECT ${COLUMNS} FROM relay_policies
              WHERE revision IS NOT NULL AND username_key = ANY (ARRAY (SELECT name FROM touched))
   UNION ALL SELECT ${COLUMNS} FROM relay_policies
              WHERE revision IS NULL AND NOT removed AND username_key = ANY (ARRAY (SELECT name FROM touched))
   UNION ALL SELECT last.* FROM touched, LATERAL (
             SELECT ${COLUMNS} FROM relay_policies
              WHERE revision IS NULL AND removed AND username_key = name ORDER BY claimed_at DESC LIMIT 1) last`;

const SAVE = `
  WITH saved AS (
    INSERT INTO relay_policies AS p
           (smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, entries, version, event_id,
            claimed_at, removed, digest, revision)
    SELECT "smtpUserId", "usernameKey", "tenantId", username, mode, "enforceAt", restricted, entries, version, "eventId",
           "claimedAt", removed, decode(digest, 'hex'), revision
      FROM json_to_recordset($1::json) AS r (
           "smtpUserId" uuid, "usernameKey" text, "tenantId" text, username text, mode text, "enforceAt" text, restricted boolean,
           entries json, version integer, "eventId" uuid, "claimedAt" bigint, removed boolean, digest text, revision bigint)
        ON CONFLICT (smtp_user_id, username_key) DO UPDATE
       SET username = excluded.username, mode = excluded.mode, enforce_at = excluded.enforce_at, restricted = excluded.restricted,
           entries = excluded.entries, version = excluded.version,
           event_id = excluded.event_id, claimed_at = excluded.claimed_at, removed = excluded.removed, digest = excluded.digest,
           revision = excluded.revision
  )
  UPDATE relay_policy_totals SET revision = $2, policies = $3, digest = decode($4, 'hex')
  RETURNING pg_notify('${POLICIES_CHANNEL}', revision::text)`;

interface PolicyRecord extends Omit<PolicyRow, 'rules' | 'digest' | 'changed'>, PolicyRules {
  readonly digest: Buffer;
}

function rowOf(record: PolicyRecord): PolicyRow {
  const { mode, enforceAt, restricted, entries } = record;
  return {
    smtpUserId: record.smtpUserId,
    usernameKey: record.usernameKey,
    tenantId: record.tenantId,
    username: record.username,
    rules: { mode, enforceAt, restricted, entries },
    version: record.version,
    eventId: record.eventId,
    claimedAt: record.claimedAt,
    removed: record.removed,
    digest: digestFromBytes(record.digest),
    revision: record.revision,
    changed: false,
  };
}

/** `json_to_recordset` ignores `changed`. */
function recordOf(row: PolicyRow): object {
  return { ...row, ...row.rules, rules: undefined, digest: digestToHex(row.digest) };
}
