import type { ApiKeyId, Role, TenantId } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';

/** An API key as lists show it: never its text. Times are RFC 3339, UTC, milliseconds. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly role: Role;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewApiKeyRow extends Pick<ApiKey, 'id' | 'role' | 'name' | 'createdAt'> {
  readonly tenantId: TenantId | null;
  /** SHA-256 of the key's text. */
  readonly hash: Buffer;
}

/** What an id in a path may look like; what does not is no key's. */
export const API_KEY_ID = /^[A-Za-z0-9-]{1,64}$/;

/** In the transaction of `ApiKeyIssued`, as `postern_journal_writer`. */
export async function insertApiKey(manager: EntityManager, key: NewApiKeyRow): Promise<void> {
  await manager.query(
    `INSERT INTO access.api_keys (id, tenant_id, role, name, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
    [key.id, key.tenantId, key.role, key.name, key.hash, key.createdAt],
  );
}

/** Whether a key stands among the tenant's (null: among those of no tenant), and live. As `postern_journal_writer`. */
export async function findApiKey(
  writer: DataSource,
  tenantId: TenantId | null,
  id: string,
): Promise<{ readonly role: Role; readonly live: boolean } | null> {
  const rows = await writer.query<{ role: Role; live: boolean }[]>(
    `SELECT role, revoked_at IS NULL AS live FROM access.api_keys WHERE id = $1 AND tenant_id IS NOT DISTINCT FROM $2`,
    [id, tenantId],
  );
  return rows[0] ?? null;
}

/** In the transaction of `ApiKeyRevoked`, as `postern_journal_writer`. */
export async function markRevoked(manager: EntityManager, id: ApiKeyId, at: Date): Promise<void> {
  await manager.query('UPDATE access.api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL', [id, at]);
}

/** One number for all of Postern's advisory locks of one kind; it guards the count of live operator keys. */
export const OPERATOR_KEYS_LOCK = 8_025_010;

/**
 * How many operator keys are live; nobody else who asks so changes that before the transaction ends.
 * To be asked after the append: the journal's locks come first. As `postern_journal_writer`.
 */
export async function countLiveOperatorKeys(manager: EntityManager): Promise<number> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [OPERATOR_KEYS_LOCK]);
  const rows = await manager.query<{ count: number }[]>(
    `SELECT count(*)::integer AS count FROM access.api_keys WHERE role = 'operator' AND revoked_at IS NULL`,
  );
  return rows[0]?.count ?? 0;
}

/**
 * Keys older than the one at the cursor `[createdAt, id]`, newest first, served by `api_keys_of_tenant`.
 * `from` is `postern_access` for the keys of no tenant; for a tenant's, `postern_command` inside `inTenant`.
 */
export async function apiKeysBefore(
  from: DataSource | EntityManager,
  tenantId: TenantId | null,
  cursor: readonly string[] | null,
  limit: number,
): Promise<ApiKey[]> {
  const [createdAt, id] = cursor ?? ['infinity', ''];
  const rows = await from.query<
    {
      id: ApiKeyId;
      role: Role;
      name: string;
      created_at: Date;
      last_used_at: Date | null;
      revoked_at: Date | null;
    }[]
  >(
    `SELECT id, role, name, created_at, last_used_at, revoked_at FROM access.api_keys
      WHERE tenant_id ${tenantId === null ? 'IS NOT DISTINCT FROM' : '='} $1 AND (created_at, id) < ($2, $3)
      ORDER BY created_at DESC, id DESC LIMIT $4`,
    [tenantId, createdAt, id, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    role: row.role,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }));
}
