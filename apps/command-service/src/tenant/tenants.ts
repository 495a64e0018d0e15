import type { TenantId } from '@postern/contracts';
import type { DataSource, EntityManager } from 'typeorm';

/** A tenant as the HTTP API shows it. */
export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
}

/** The caller's choice of an id; a UUID is one too (API: ids and names). */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Characters of a tenant's or a key's name. */
export const LONGEST_NAME = 200;

/** In the transaction of `TenantCreated`, as `postern_journal_writer`. Violates `tenants_pkey` where the id is taken. */
export async function insertTenant(manager: EntityManager, { id, name, createdAt }: Tenant): Promise<void> {
  await manager.query('INSERT INTO access.tenants (tenant_id, name, created_at) VALUES ($1, $2, $3)', [
    id,
    name,
    createdAt,
  ]);
}

/** Tenants after an id, by id: the order of the primary key. As `postern_access`, which sees all. */
export async function tenantsAfter(access: DataSource, after: string, limit: number): Promise<Tenant[]> {
  const rows = await access.query<{ tenant_id: TenantId; name: string; created_at: Date }[]>(
    `SELECT tenant_id, name, created_at FROM access.tenants WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2`,
    [after, limit],
  );
  return rows.map(({ tenant_id, name, created_at }) => ({ id: tenant_id, name, createdAt: created_at.toISOString() }));
}
