import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { ApiKeyEntity } from '@postern/access';
import type { Page, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { isTime, type ListOrder, ListQuery, type PageParams, pageOf } from '@postern/lists';
import { IsNull, type DataSource, type EntityManager } from 'typeorm';
import { API_KEY_ID, type ApiKey } from './api-keys.js';

/** Newest first, also revoked ones. Null: keys without a tenant. */
export class ListApiKeys extends ListQuery<ApiKey, TenantId | null, PageParams> {}

export const API_KEYS_ORDER: ListOrder = { createdAt: isTime, id: (value) => API_KEY_ID.test(value) };

const SHOWN = ['id', 'role', 'name', 'createdAt', 'lastUsedAt', 'revokedAt'] satisfies (keyof ApiKey)[];

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    @InjectDataSource('postern_access') private readonly access: DataSource,
    @InjectDataSource('postern_command') private readonly tenants: DataSource,
  ) {}

  async execute({ scope: tenantId, params }: ListApiKeys): Promise<Page<ApiKey>> {
    const [createdAt, id] = params.cursor ?? ['infinity', ''];
    const select = (from: EntityManager): Promise<ApiKey[]> =>
      from
        .createQueryBuilder(ApiKeyEntity, 'key')
        .select(SHOWN.map((column) => `key.${column}`))
        .where({ tenantId: tenantId ?? IsNull() })
        .andWhere('(key.createdAt, key.id) < (:createdAt, :id)', { createdAt, id })
        .orderBy({ 'key.createdAt': 'DESC', 'key.id': 'DESC' })
        .limit(params.limit + 1)
        .getMany();
    const keys = await (tenantId === null ? select(this.access.manager) : inTenant(this.tenants, tenantId, select));
    return pageOf(keys, params, API_KEYS_ORDER);
  }
}
