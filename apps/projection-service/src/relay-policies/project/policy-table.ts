import {
  digestToHex,
  usernameKey,
  type Recorded,
  type Revision,
  type SmtpUserEvent,
  type SmtpUserId,
  type TenantId,
  type Mode,
  type RelayPolicyEntry,
  type UsernameKey,
  splitStreamId,
} from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { digestFromBytes, totalsOf, type PolicyTotals, type TotalsRecord } from '../policy-totals.js';
import { POLICIES_CHANNEL } from '../policies-channel.js';
import type { PolicyRow } from './policy-row.js';

// These statements name no schema, so that a rebuild can run them on new tables by `search_path`.

/**
 * Locks the totals until the transaction ends: revisions are then taken in commit order, and no consumer overwrites
 * another's rows. The commit does not wait for the disk: a crash loses the checkpoint too, so the events are applied
 * again.
 */
export async function lockTotals(manager: EntityManager): Promise<PolicyTotals> {
  const [record] = await manager.query<TotalsRecord[]>(
    `SELECT revision, policies, digest, set_config('synchronous_commit', 'off', true)
       FROM relay_policy_totals FOR UPDATE`,
  );
  if (!record)
    throw new Error('projection.relay_policy_totals has lost its row: run `postern rebuild relay-policies`.');
  return totalsOf(record);
}

/** The rows that the events may change, and the rows of their usernames that may become the published one. */
export async function loadRows(
  manager: EntityManager,
  events: readonly Recorded<SmtpUserEvent>[],
): Promise<PolicyRow[]> {
  const users = new Set<string>();
  const usernames = new Set<UsernameKey>();
  for (const event of events) {
    users.add(splitStreamId(event.streamId).subject);
    if (event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed') {
      usernames.add(usernameKey(event.data.username));
    }
  }
  const records = await manager.query<PolicyRecord[]>(ROWS, [[...users], [...usernames]]);
  const once = new Map(records.map((record) => [`${record.smtp_user_id} ${record.username_key}`, record]));
  return [...once.values()].map(rowOf);
}

export async function saveRows(
  manager: EntityManager,
  rows: readonly PolicyRow[],
  totals: PolicyTotals,
): Promise<void> {
  const digest = digestToHex(totals.digest);
  await manager.query(SAVE, [JSON.stringify(rows.map(recordOf)), totals.revision, totals.policies, digest]);
}

const COLUMNS = `
         smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, entries, version, event_id, claimed_at, removed, digest, revision`;

/**
 * Uses the primary key, `one_published_policy_per_username` and `relay_policies_unpublished`. Of unpublished tombstones
 * only the last one is needed. In parts instead of OR: before the first ANALYZE, OR was planned as a sequential scan,
 * 25 times slower than events arrive. A row may appear twice.
 */
const ROWS = `
  WITH held AS MATERIALIZED (SELECT ${COLUMNS} FROM relay_policies WHERE smtp_user_id = ANY ($1::uuid[])),
       touched AS MATERIALIZED (SELECT username_key AS name FROM held WHERE NOT removed UNION SELECT unnest($2::text[]))
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
    SELECT smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, entries, version, event_id,
           claimed_at, removed, decode(digest, 'hex'), revision
      FROM json_to_recordset($1::json) AS r (
           smtp_user_id uuid, username_key text, tenant_id text, username text, mode text, enforce_at text, restricted boolean,
           entries json, version integer, event_id uuid, claimed_at bigint, removed boolean, digest text, revision bigint)
        ON CONFLICT (smtp_user_id, username_key) DO UPDATE
       SET username = excluded.username, mode = excluded.mode, enforce_at = excluded.enforce_at, restricted = excluded.restricted,
           entries = excluded.entries, version = excluded.version,
           event_id = excluded.event_id, claimed_at = excluded.claimed_at, removed = excluded.removed, digest = excluded.digest,
           revision = excluded.revision
  )
  UPDATE relay_policy_totals SET revision = $2, policies = $3, digest = decode($4, 'hex')
  RETURNING pg_notify('${POLICIES_CHANNEL}', revision::text)`;

interface PolicyRecord {
  readonly smtp_user_id: SmtpUserId;
  readonly username_key: UsernameKey;
  readonly tenant_id: TenantId;
  readonly username: string;
  readonly mode: Mode;
  readonly enforce_at: string | null;
  readonly restricted: boolean;
  readonly entries: readonly RelayPolicyEntry[];
  readonly version: number;
  readonly event_id: string;
  readonly claimed_at: string;
  readonly removed: boolean;
  readonly digest: Buffer;
  readonly revision: string | null;
}

function rowOf(record: PolicyRecord): PolicyRow {
  const { mode, enforce_at: enforceAt, restricted, entries } = record;
  return {
    smtpUserId: record.smtp_user_id,
    usernameKey: record.username_key,
    tenantId: record.tenant_id,
    username: record.username,
    rules: { mode, enforceAt, restricted, entries },
    version: record.version,
    eventId: record.event_id,
    claimedAt: Number(record.claimed_at),
    removed: record.removed,
    digest: digestFromBytes(record.digest),
    revision: record.revision === null ? null : (Number(record.revision) as Revision),
    changed: false,
  };
}

function recordOf(row: PolicyRow): Record<keyof PolicyRecord, unknown> {
  return {
    smtp_user_id: row.smtpUserId,
    username_key: row.usernameKey,
    tenant_id: row.tenantId,
    username: row.username,
    mode: row.rules.mode,
    enforce_at: row.rules.enforceAt,
    restricted: row.rules.restricted,
    entries: row.rules.entries,
    version: row.version,
    event_id: row.eventId,
    claimed_at: row.claimedAt,
    removed: row.removed,
    digest: digestToHex(row.digest),
    revision: row.revision,
  };
}
