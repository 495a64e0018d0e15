import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { ApiKeyEntity } from '@postern/access';
import type { TenantId, Page, ApiKey } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { pageOf, type PageRequest } from '@postern/lists';
import { IsNull, type DataSource, type EntityManager } from 'typeorm';

/** A page of a tenant's keys, or with null of those that belong to no tenant; newest first, the revoked ones too. */
export class ListApiKeys extends Query<Page<ApiKey>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly page: PageRequest,
  ) {
    super();
  }
}

const SHOWN = ['id', 'role', 'name', 'createdAt', 'lastUsedAt', 'revokedAt'] satisfies (keyof ApiKey)[];

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    @Inject(getDataSourceToken('postern_access')) private readonly access: DataSource,
    @Inject(getDataSourceToken('postern_command')) private readonly tenants: DataSource,
  ) {}

  async execute({ tenantId, page: { limit, after } }: ListApiKeys): Promise<Page<ApiKey>> {
    const [createdAt, id] = after ?? ['infinity', ''];
    // Served by the index api_keys_of_tenant.
    const select = (from: EntityManager): Promise<ApiKey[]> =>
      from
        .createQueryBuilder(ApiKeyEntity, 'key')
        .select(SHOWN.map((column) => `key.${column}`))
        .where({ tenantId: tenantId ?? IsNull() })
        .andWhere('(key.createdAt, key.id) < (:createdAt, :id)', { createdAt, id })
        .orderBy({ 'key.createdAt': 'DESC', 'key.id': 'DESC' })
        .limit(limit + 1)
        .getMany();
    const keys = tenantId === null ? await select(this.access.manager) : await inTenant(this.tenants, tenantId, select);
    return pageOf(keys, limit, (key) => [key.createdAt, key.id]);
  }
}
