import { DEFAULT_TENANT_REPLY, type TenantId, type TenantReply } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** NOTIFY's channel for a changed reply. It only wakes readers of `access.tenant_replies`. */
export const REPLIES_CHANNEL = 'access_tenant_replies';

const REPLIES_LOCK = 8_025_042;

export interface VersionedReply {
  readonly reply: TenantReply;
  readonly version: number;
}

export async function loadReply(manager: EntityManager, tenantId: TenantId): Promise<VersionedReply> {
  const [row] = await manager.query<VersionedReply[]>(
    'SELECT reply, version FROM access.tenant_replies WHERE tenant_id = $1',
    [tenantId],
  );
  // The tenant's only event so far is its creation.
  return row ?? { reply: DEFAULT_TENANT_REPLY, version: 1 };
}

/** In the event's transaction, so that the next decision uses it. Call it last: others wait for their revisions. */
export async function saveReply(
  manager: EntityManager,
  tenantId: TenantId,
  { reply, version }: VersionedReply,
): Promise<void> {
  // Revision order is commit order.
  await manager.query('SELECT pg_advisory_xact_lock($1)', [REPLIES_LOCK]);
  await manager.query(SAVE, [tenantId, JSON.stringify(reply), version]);
}

const SAVE = `
  WITH saved AS (
    INSERT INTO access.tenant_replies (tenant_id, reply, version, revision)
    SELECT $1, $2, $3, coalesce(max(revision), 0) + 1 FROM access.tenant_replies
        ON CONFLICT (tenant_id) DO UPDATE
       SET reply = excluded.reply, version = excluded.version, revision = excluded.revision
    RETURNING 1
  )
  SELECT pg_notify('${REPLIES_CHANNEL}', '') FROM saved`;
