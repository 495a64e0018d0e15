import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, pageFields, positionColumn, Tenant, type Page } from '@postern/service-kit';
import { z } from 'zod';
import { ListChanges, type Change } from './list-changes.query.js';

const changesQuery = z.strictObject(pageFields([positionColumn]));
type ChangesQuery = z.infer<typeof changesQuery>;

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListChangesController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('changes')
  ofTenant(@Tenant() tenantId: TenantId, @Query({ schema: changesQuery }) query: ChangesQuery): Promise<Page<Change>> {
    return this.list(tenantId, null, query);
  }

  @Get('smtp-users/:smtpUserId/history')
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: changesQuery }) query: ChangesQuery,
  ): Promise<Page<Change>> {
    return this.list(tenantId, smtpUserId, query);
  }

  private list(tenantId: TenantId, smtpUserId: string | null, query: ChangesQuery): Promise<Page<Change>> {
    return this.queries.execute(
      new ListChanges({ tenantId, smtpUserId }, { limit: query.limit, after: query.cursor ?? null }),
    );
  }
}
