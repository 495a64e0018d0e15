import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import type { z } from 'zod';
import { CountDenials, denialHistogramView, HistogramParams, type DenialHistogram } from './count-denials.js';
import { denials, type DenialsParams, ListDenials } from './list-denials.js';
import { ListRefusingNow, refusingNow, type RefusingNowParams } from './list-refusing-now.js';
import { type Summaries, SummariesParams, summariesView, SummariseDenials } from './summarise-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('denials')
  @ListRoute(denials, { tag: 'Audit trail', summary: 'The denials of a tenant' })
  listDenials(@Tenant() tenantId: TenantId, @Query({ schema: denials.query }) params: DenialsParams) {
    return new ListDenials({ tenantId, smtpUserId: null }, params);
  }

  @Get('denials/histogram')
  @Documented({
    tag: 'Audit trail',
    summary: 'Count the denied logins of a tenant per minute, hour or day (UTC)',
    answer: json(denialHistogramView),
    problems: ['smtp-user-not-found'],
  })
  countDenials(
    @Tenant() tenantId: TenantId,
    @Query({ schema: HistogramParams }) params: z.infer<typeof HistogramParams>,
  ): Promise<DenialHistogram> {
    return this.queries.execute(new CountDenials(tenantId, params));
  }

  @Get('smtp-users/:smtpUserId/denials')
  @ListRoute(denials, { tag: 'Audit trail', summary: 'The denials of an SMTP user' })
  listSmtpUserDenials(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: denials.query }) params: DenialsParams,
  ) {
    return new ListDenials({ tenantId, smtpUserId }, params);
  }

  @Get('denial-summaries')
  @Documented({
    tag: 'Audit trail',
    summary: 'The last denial of each given SMTP user, with its denied logins of the last five minutes and of today',
    answer: json(summariesView),
  })
  summariseDenials(
    @Tenant() tenantId: TenantId,
    @Query({ schema: SummariesParams }) params: z.infer<typeof SummariesParams>,
  ): Promise<Summaries> {
    return this.queries.execute(new SummariseDenials(tenantId, params));
  }

  @Get('refusing-now')
  @ListRoute(refusingNow, {
    tag: 'Audit trail',
    summary: 'The SMTP users of a tenant whose logins were refused in the last five minutes',
  })
  listRefusingNow(@Tenant() tenantId: TenantId, @Query({ schema: refusingNow.query }) params: RefusingNowParams) {
    return new ListRefusingNow(tenantId, params);
  }
}
