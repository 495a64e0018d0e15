import { isDeepStrictEqual } from 'node:util';
import {
  DEFAULT_TENANT_REPLY,
  splitStreamId,
  type Recorded,
  type RelayReply,
  type TenantEvent,
  type TenantId,
} from '@postern/contracts';
import { isNextVersion } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import { POLICIES_CHANNEL, REPLIES_CHANGED } from '../relay-policies/policies-channel.js';

/** A row of `projection.tenant_replies`, without its revision. */
interface ReplyRow {
  readonly tenantId: TenantId;
  readonly reply: RelayReply | null;
  readonly version: number;
  readonly eventId: string;
}

/**
 * Applies events to the tenants' replies, in the caller's transaction. Events that were applied before change nothing; those of API keys,
 * which the topic carries too, are passed over. Throws `EventsMissing`, `StreamConflict`.
 */
export async function applyReplies(manager: EntityManager, events: readonly Recorded[]): Promise<void> {
  const ours = events.filter(isOfTenant);
  if (ours.length === 0) return;
  // What a crash would lose is applied again: the checkpoint is lost with it.
  await manager.query('SET LOCAL synchronous_commit = off');
  // Until the commit, so that revisions come in the order of commits. Readers do not wait.
  await manager.query('LOCK TABLE tenant_replies IN SHARE ROW EXCLUSIVE MODE');
  const rows = await manager.query<ReplyRow[]>(LOAD, [[...new Set(ours.map(tenantOf))]]);
  const known = new Map(rows.map((row) => [row.tenantId, row]));
  const changed = new Map<TenantId, ReplyRow>();
  for (const event of ours) {
    const tenantId = tenantOf(event);
    if (!isNextVersion(event, changed.get(tenantId) ?? known.get(tenantId))) continue;
    const { version, eventId } = event;
    changed.set(tenantId, { tenantId, reply: replyAfter(tenantId, event), version, eventId });
  }
  if (changed.size > 0) await manager.query(SAVE, [JSON.stringify([...changed.values()])]);
}

function replyAfter(tenantId: TenantId, event: Recorded<TenantEvent>): RelayReply | null {
  if (event.type === 'TenantCreated') return null;
  const { text, helpUrl, opaque } = event.data;
  const reply = { text, helpUrl, opaque };
  return isDeepStrictEqual(reply, DEFAULT_TENANT_REPLY) ? null : { tenantId, ...reply };
}

function isOfTenant(event: Recorded): event is Recorded<TenantEvent> {
  return splitStreamId(event.streamId).category === 'tenant';
}

function tenantOf(event: Recorded): TenantId {
  return splitStreamId(event.streamId).subject as TenantId;
}

// Neither names a schema: a rebuild has them work on new tables.
const LOAD = `
  SELECT tenant_id AS "tenantId", reply, version, event_id AS "eventId" FROM tenant_replies WHERE tenant_id = ANY ($1::text[])`;

/** The clock counts too: the rows of a rebuild are newer than those that it replaces, so that streams send them. */
const SAVE = `
  WITH saved AS (
    INSERT INTO tenant_replies (tenant_id, reply, version, event_id, revision)
    SELECT "tenantId", reply, version, "eventId", row_number() OVER () + greatest(
             (SELECT max(revision) FROM tenant_replies), (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
      FROM json_to_recordset($1::json) AS r ("tenantId" text, reply json, version integer, "eventId" uuid)
        ON CONFLICT (tenant_id) DO UPDATE
       SET reply = excluded.reply, version = excluded.version, event_id = excluded.event_id, revision = excluded.revision
    RETURNING 1
  )
  SELECT pg_notify('${POLICIES_CHANNEL}', '${REPLIES_CHANGED}') FROM saved LIMIT 1`;
