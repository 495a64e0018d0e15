import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { TENANT_ID, TenantEntity } from '@postern/access';
import type { Page, TenantId } from '@postern/contracts';
import { type ListOrder, ListQuery, type PageParams, pageOf } from '@postern/lists';
import { MoreThan, type DataSource } from 'typeorm';
import type { Tenant } from './tenants.js';

export class ListTenants extends ListQuery<Tenant, 'all', PageParams> {}

export const TENANTS_ORDER: ListOrder = { id: (value) => TENANT_ID.test(value) };

@QueryHandler(ListTenants)
export class ListTenantsHandler implements IQueryHandler<ListTenants> {
  constructor(@InjectDataSource('postern_access') private readonly access: DataSource) {}

  async execute({ params }: ListTenants): Promise<Page<Tenant>> {
    const tenants = await this.access.manager.find(TenantEntity, {
      where: { id: MoreThan((params.cursor?.[0] ?? '') as TenantId) },
      order: { id: 'ASC' },
      take: params.limit + 1,
    });
    return pageOf(tenants, params, TENANTS_ORDER);
  }
}
