import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, pageFields, Tenant, textColumn, timeColumn, type Page } from '@postern/service-kit';
import { z } from 'zod';
import { ListDeniedIps, type DeniedIp } from './list-denied-ips.query.js';

const deniedIpsQuery = z.strictObject(pageFields([timeColumn, textColumn]));
type DeniedIpsQuery = z.infer<typeof deniedIpsQuery>;

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListDeniedIpsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('smtp-users/:smtpUserId/denied-ips')
  list(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: deniedIpsQuery }) { limit, cursor }: DeniedIpsQuery,
  ): Promise<Page<DeniedIp>> {
    return this.queries.execute(new ListDeniedIps(tenantId, smtpUserId, { limit, after: cursor ?? null }));
  }
}
