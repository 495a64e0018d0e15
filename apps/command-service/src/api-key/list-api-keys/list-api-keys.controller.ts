import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, Tenant } from '@postern/http';
import { pageFields, pageRequest, timeColumn, type Page } from '@postern/lists';
import { z } from 'zod';
import { API_KEY_ID, type ApiKey } from '../api-keys.js';
import { apiKeyPageView } from '../api-key-views.js';
import { ListApiKeys } from './list-api-keys.query.js';

const KeysQuery = z.strictObject(pageFields([timeColumn, (id) => API_KEY_ID.test(id)]));

/** Keys that belong to no tenant. */
@Controller('v1/api-keys')
@Allow('operator')
export class ListApiKeysController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @Documented({ tag: 'API keys', summary: 'List the keys of operators and relays', answer: json(apiKeyPageView) })
  list(@Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(null, pageRequest(query)));
  }
}

@Controller('v1/tenants/:tenantId/api-keys')
@Allow('operator', 'admin')
export class ListTenantApiKeysController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @Documented({ tag: 'API keys', summary: 'List the keys of a tenant', answer: json(apiKeyPageView) })
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: KeysQuery }) query: z.infer<typeof KeysQuery>,
  ): Promise<Page<ApiKey>> {
    return this.queries.execute(new ListApiKeys(tenantId, pageRequest(query)));
  }
}
