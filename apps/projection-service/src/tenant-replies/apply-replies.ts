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

interface ReplyRow {
  readonly tenantId: TenantId;
  readonly reply: RelayReply | null;
  readonly version: number;
  readonly eventId: string;
}

/** In the caller's transaction, repeats without effect; skips API keys. @throws `EventsMissing`, `StreamConflict`. */
export async function applyReplies(manager: EntityManager, events: readonly Recorded[]): Promise<void> {
  const ours = events.filter(isOfTenant);
  if (ours.length === 0) return;
  // A crash loses the checkpoint too, so the events are applied again.
  await manager.query('SET LOCAL synchronous_commit = off');
  // Held until the commit, so that revision order is commit order. Readers do not wait.
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

// Without a schema name: a rebuild runs both on new tables.
const LOAD = `
  SELECT tenant_id AS "tenantId", reply, version, event_id AS "eventId" FROM tenant_replies WHERE tenant_id = ANY ($1::text[])`;

/** With the clock, a rebuild's rows are newer than those that they replace, so streams send them. */
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
