import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Tenant } from '@postern/service-kit';
import type { z } from 'zod';
import { pageQuery, type Page } from '../../http/page.js';
import { normaliseTime } from '../../http/rfc3339.js';
import { API_KEY_ID, type ApiKey } from '../api-keys.js';
import { ListApiKeys } from './list-api-keys.query.js';

const KeysQuery = pageQuery([(time) => normaliseTime(time) === time, (id) => API_KEY_ID.test(id)]);

/** Keys that belong to no tenant. */
@Controller('v1/api-keys')
@Allow('operator')
export class ListApiKeysController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  list(@Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(null, query));
  }
}

@Controller('v1/tenants/:tenantId/api-keys')
@Allow('operator', 'admin')
export class ListTenantApiKeysController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>,
  ): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(tenantId, query));
  }
}
