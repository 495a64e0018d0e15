import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import { pageOf, type Page } from '@postern/lists';
import type { DataSource } from 'typeorm';
import { apiKeysBefore, type ApiKey } from '../api-keys.js';
import { ListApiKeys } from './list-api-keys.query.js';

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    @Inject(getDataSourceToken('postern_access')) private readonly access: DataSource,
    @Inject(getDataSourceToken('postern_command')) private readonly tenants: DataSource,
  ) {}

  async execute({ tenantId, page: { limit, after } }: ListApiKeys): Promise<Page<ApiKey>> {
    const rows =
      tenantId === null
        ? await apiKeysBefore(this.access, null, after, limit + 1)
        : await inTenant(this.tenants, tenantId, (manager) => apiKeysBefore(manager, tenantId, after, limit + 1));
    return pageOf(rows, limit, ({ createdAt, id }) => [createdAt, id]);
  }
}
