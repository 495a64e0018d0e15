import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import type { z } from 'zod';
import { CountSources, sourceHistogramView, type SourceHistogram } from './count-sources.js';
import { DaysParams } from './recent-sources.js';
import { ListSources, sources, type SourcesParams } from './list-sources.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/sources')
@Allow('admin', 'auditor', 'operator')
export class SourcesController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @ListRoute(sources, {
    tag: 'Observed sources',
    summary: 'The addresses from which an SMTP user logged in, and the decision for each now',
  })
  listSources(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: sources.query }) params: SourcesParams,
  ) {
    return new ListSources({ tenantId, smtpUserId }, params);
  }

  @Get('histogram')
  @Documented({
    tag: 'Observed sources',
    summary: 'The logins of an SMTP user by day, and how many would be refused now',
    answer: json(sourceHistogramView),
  })
  countSources(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: DaysParams }) { days }: z.infer<typeof DaysParams>,
  ): Promise<SourceHistogram> {
    return this.queries.execute(new CountSources(tenantId, smtpUserId, days));
  }
}
