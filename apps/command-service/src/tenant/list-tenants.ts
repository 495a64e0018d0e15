import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { TenantId, Page, Tenant } from '@postern/contracts';
import { pageOf, type PageRequest } from '@postern/lists';
import type { DataSource } from 'typeorm';

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
    // In the order of the primary key.
    const rows = await this.access.query<{ tenant_id: TenantId; name: string; created_at: Date }[]>(
      `SELECT tenant_id, name, created_at FROM access.tenants WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2`,
      [after?.[0] ?? '', limit + 1],
    );
    const tenants = rows.map(({ tenant_id: id, name, created_at }) => ({
      id,
      name,
      createdAt: created_at.toISOString(),
    }));
    return pageOf(tenants, limit, ({ id }) => [id]);
  }
}
