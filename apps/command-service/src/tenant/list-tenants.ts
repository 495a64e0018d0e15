import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { TenantEntity } from '@postern/access';
import type { TenantId, Page, Tenant } from '@postern/contracts';
import { pageOf, type PageRequest } from '@postern/lists';
import { MoreThan, type DataSource } from 'typeorm';

/** A page of all tenants, by id. */
export class ListTenants extends Query<Page<Tenant>> {
  constructor(readonly page: PageRequest) {
    super();
  }
}

@QueryHandler(ListTenants)
export class ListTenantsHandler implements IQueryHandler<ListTenants> {
  constructor(@Inject(getDataSourceToken('postern_access')) private readonly access: DataSource) {}

  async execute({ page: { limit, after } }: ListTenants): Promise<Page<Tenant>> {
    const tenants = await this.access.manager.find(TenantEntity, {
      where: { id: MoreThan((after?.[0] ?? '') as TenantId) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    return pageOf(tenants, limit, ({ id }) => [id]);
  }
}
