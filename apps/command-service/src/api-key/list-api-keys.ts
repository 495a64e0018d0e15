import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { ApiKeyId, Role, TenantId, Page, ApiKey } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { pageOf, type PageRequest } from '@postern/lists';
import type { DataSource, EntityManager } from 'typeorm';

/** A page of a tenant's keys, or with null of those that belong to no tenant; newest first, the revoked ones too. */
export class ListApiKeys extends Query<Page<ApiKey>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly page: PageRequest,
  ) {
    super();
  }
}

interface ApiKeyRow {
  readonly id: ApiKeyId;
  readonly role: Role;
  readonly name: string;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    @Inject(getDataSourceToken('postern_access')) private readonly access: DataSource,
    @Inject(getDataSourceToken('postern_command')) private readonly tenants: DataSource,
  ) {}

  async execute({ tenantId, page: { limit, after } }: ListApiKeys): Promise<Page<ApiKey>> {
    const [createdAt, id] = after ?? ['infinity', ''];
    // Served by the index api_keys_of_tenant.
    const select = (from: DataSource | EntityManager) =>
      from.query<ApiKeyRow[]>(
        `SELECT id, role, name, created_at, last_used_at, revoked_at FROM access.api_keys
          WHERE tenant_id ${tenantId === null ? 'IS NOT DISTINCT FROM' : '='} $1 AND (created_at, id) < ($2, $3)
          ORDER BY created_at DESC, id DESC LIMIT $4`,
        [tenantId, createdAt, id, limit + 1],
      );
    const rows = tenantId === null ? await select(this.access) : await inTenant(this.tenants, tenantId, select);
    return pageOf(rows.map(shown), limit, (key) => [key.createdAt, key.id]);
  }
}

function shown({ id, role, name, created_at, last_used_at, revoked_at }: ApiKeyRow): ApiKey {
  return {
    id,
    role,
    name,
    createdAt: created_at.toISOString(),
    lastUsedAt: last_used_at?.toISOString() ?? null,
    revokedAt: revoked_at?.toISOString() ?? null,
  };
}
