import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { getDataSourceToken } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import type { DataSource } from 'typeorm';
import { pageOf, type Page } from '../../http/page.js';
import { apiKeysBefore, type ApiKey } from '../api-keys.js';
import { ListApiKeys } from './list-api-keys.query.js';

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(
    @Inject(getDataSourceToken('postern_access')) private readonly access: DataSource,
    @Inject(getDataSourceToken('postern_command')) private readonly tenants: DataSource,
  ) {}

  async execute({ tenantId, page: { limit, cursor } }: ListApiKeys): Promise<Page<ApiKey>> {
    const rows =
      tenantId === null
        ? await apiKeysBefore(this.access, null, cursor, limit + 1)
        : await inTenant(this.tenants, tenantId, (manager) => apiKeysBefore(manager, tenantId, cursor, limit + 1));
    return pageOf(rows, limit, ({ createdAt, id }) => [createdAt, id]);
  }
}
