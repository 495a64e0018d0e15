import {
  splitStreamId,
  usernameKey,
  type ApiKeyEvent,
  type DomainEvent,
  type Recorded,
  type SmtpUserEvent,
  type StreamCategory,
  type TenantEvent,
} from '@postern/contracts';
import { EventsMissing, StreamConflict } from '@postern/event-bus';
import { SmtpUserRows, type KnownSmtpUser } from '@postern/read-models';
import type { EntityManager } from 'typeorm';
import { ofSmtpUser, ofTenantOrKey, type BeforeAndAfter, type NamedKey } from './before-and-after.js';

/** Every 32nd change of an SMTP user has its complete state, so that a past state needs only a few changes. */
export const CHANGES_PER_STATE = 32;

// No statement here names a schema, so that a rebuild can write to new tables.

/** Skips recorded events, so a batch may be repeated. Returns the number of new changes. @throws `EventsMissing`, `StreamConflict`. */
export async function recordChanges(manager: EntityManager, events: readonly Recorded[]): Promise<number> {
  const users = await SmtpUserRows.load(manager, events.filter(isOfSmtpUser), carriesState);
  const keys = await issuedKeys(manager, events.filter(isOfKey));
  const named: KnownSmtpUser[] = [];
  const changes: Change[] = [];
  for (const event of events) {
    if (isOfSmtpUser(event)) {
      const applied = users.apply(event);
      if (!applied) continue;
      const { before, after } = applied;
      if (event.type === 'SmtpUserRegistered' || event.type === 'SmtpUserRenamed') named.push(after);
      changes.push({ event, smtpUser: after, ...ofSmtpUser(before, event, after) });
    } else if (isOfKey(event)) {
      const key = keys.get(event.data.keyId);
      if (!key) throw new EventsMissing(event, 0);
      changes.push({ event, smtpUser: null, ...ofTenantOrKey(event, key) });
    } else if (isOfTenant(event)) changes.push({ event, smtpUser: null, ...ofTenantOrKey(event, null) });
  }
  await users.save(manager);
  await saveUsernames(manager, named);
  return insertChanges(manager, changes);
}

interface Change extends BeforeAndAfter {
  readonly event: Recorded;
  /** After the change; null if it belongs to no SMTP user. */
  readonly smtpUser: KnownSmtpUser | null;
}

/** The issued keys of the batch, and the issued keys that it revokes, by their ids. */
async function issuedKeys(
  manager: EntityManager,
  events: readonly Recorded<ApiKeyEvent>[],
): Promise<ReadonlyMap<string, NamedKey>> {
  const issued: NamedKey[] = events.flatMap((event) => (event.type === 'ApiKeyIssued' ? [event.data] : []));
  const revoked = events.flatMap((event) => (event.type === 'ApiKeyRevoked' ? [event.data.keyId] : []));
  const earlier = revoked.length === 0 ? [] : await manager.query<{ data: NamedKey }[]>(ISSUED, [revoked]);
  const all = [...earlier.map(({ data }) => data), ...issued];
  return new Map(all.map(({ keyId, role, name }) => [keyId, { keyId, role, name }]));
}

const ISSUED = `SELECT data FROM changes WHERE type = 'ApiKeyIssued' AND data ->> 'keyId' = ANY ($1::text[])`;

/** Old usernames stay, because denials are found by them. */
async function saveUsernames(manager: EntityManager, users: readonly KnownSmtpUser[]): Promise<void> {
  if (users.length === 0) return;
  await manager.query(
    `INSERT INTO usernames (tenant_id, username_key, smtp_user_id) SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
         ON CONFLICT DO NOTHING`,
    [
      users.map(({ tenantId }) => tenantId),
      users.map(({ username }) => usernameKey(username)),
      users.map(({ smtpUserId }) => smtpUserId),
    ],
  );
}

async function insertChanges(manager: EntityManager, changes: readonly Change[]): Promise<number> {
  if (changes.length === 0) return 0;
  const rows = changes.map(({ event, smtpUser, before, after }) => ({
    position: event.position,
    event_id: event.eventId,
    occurred_at: event.recordedAt,
    smtp_user_id: smtpUser?.smtpUserId ?? null,
    version: event.version,
    type: event.type,
    tenant_id: event.tenantId,
    username: smtpUser?.username ?? null,
    actor: event.metadata.actor,
    request_id: event.metadata.correlationId,
    data: event.data,
    before,
    after,
    state: carriesState(event) ? smtpUser : null,
  }));
  const [result] = await manager.query<{ added: string; position: string | null; applied: string }[]>(INSERT, [
    JSON.stringify(rows),
  ]);
  const conflict = changes.find(({ event }) => String(event.position) === result?.position);
  if (conflict) throw new StreamConflict(conflict.event, result?.applied ?? '');
  return Number(result?.added);
}

const INSERT = `
  WITH change AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS r (
           position bigint, event_id uuid, occurred_at timestamptz, smtp_user_id uuid, version integer, type text, tenant_id text,
           username text, actor json, request_id text, data json, before json, after json, state jsonb)
  ), added AS (
    INSERT INTO changes (position, event_id, occurred_at, smtp_user_id, version, type, tenant_id, username, actor, request_id, data,
                         before, after, state)
    SELECT * FROM change
    ON CONFLICT DO NOTHING
    RETURNING 1
  ), conflict AS (
    SELECT known.position, known.event_id FROM change
      JOIN changes known ON known.position = change.position AND known.event_id <> change.event_id
     WHERE (SELECT count(*) FROM added) < (SELECT count(*) FROM change) LIMIT 1
  )
  SELECT (SELECT count(*) FROM added) AS added, position, event_id AS applied FROM (VALUES (1)) one LEFT JOIN conflict ON true`;

function carriesState({ version }: Pick<Recorded, 'version'>): boolean {
  return version % CHANGES_PER_STATE === 0;
}

function isOf<E extends DomainEvent>(category: StreamCategory) {
  return (event: Recorded): event is Recorded<E> => splitStreamId(event.streamId).category === category;
}
const isOfSmtpUser = isOf<SmtpUserEvent>('smtp-user');
const isOfKey = isOf<ApiKeyEvent>('api-key');
const isOfTenant = isOf<TenantEvent>('tenant');
