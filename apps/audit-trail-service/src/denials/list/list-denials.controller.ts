import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Tenant, type Page } from '@postern/service-kit';
import { denialsQuery, filterOf, type DenialsQuery } from './denial-filter.js';
import { ListDenials } from './list-denials.query.js';
import type { Denial } from './read-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListDenialsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('denials')
  ofTenant(@Tenant() tenantId: TenantId, @Query({ schema: denialsQuery }) query: DenialsQuery): Promise<Page<Denial>> {
    return this.list(tenantId, null, query);
  }

  @Get('smtp-users/:smtpUserId/denials')
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: denialsQuery }) query: DenialsQuery,
  ): Promise<Page<Denial>> {
    return this.list(tenantId, smtpUserId, query);
  }

  private list(tenantId: TenantId, smtpUserId: string | null, query: DenialsQuery): Promise<Page<Denial>> {
    const page = { limit: query.limit, after: query.cursor ?? null };
    return this.queries.execute(new ListDenials({ tenantId, smtpUserId }, filterOf(query), page));
  }
}
