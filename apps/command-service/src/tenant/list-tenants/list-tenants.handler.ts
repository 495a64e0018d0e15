import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { pageOf, type Page } from '@postern/lists';
import type { DataSource } from 'typeorm';
import { tenantsAfter, type Tenant } from '../tenants.js';
import { ListTenants } from './list-tenants.query.js';

@QueryHandler(ListTenants)
export class ListTenantsHandler implements IQueryHandler<ListTenants> {
  constructor(@Inject(getDataSourceToken('postern_access')) private readonly access: DataSource) {}

  async execute({ page: { limit, after } }: ListTenants): Promise<Page<Tenant>> {
    const rows = await tenantsAfter(this.access, after?.[0] ?? '', limit + 1);
    return pageOf(rows, limit, ({ id }) => [id]);
  }
}
