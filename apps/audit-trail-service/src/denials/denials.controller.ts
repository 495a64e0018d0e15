import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented, json } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { InPath, type SmtpUserScope, type TenantScope } from '../scope.js';
import { CountDenials, denialHistogramView, HistogramParams, type DenialHistogram } from './count-denials.js';
import { denials, type DenialsParams, ListDenials } from './list-denials.js';
import { deniedIps, type DeniedIpsParams, ListDeniedIps } from './list-denied-ips.js';
import { ListRefusingNow, refusingNow, type RefusingNowParams } from './list-refusing-now.js';
import { type Summaries, SummariesParams, summariesView, SummariseDenials } from './summarise-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('denials')
  @ListRoute(denials, { tag: 'Audit trail', summary: 'The denials of a tenant' })
  listDenials(@InPath() scope: TenantScope, @Query({ schema: denials.query }) params: DenialsParams) {
    return new ListDenials(scope, params);
  }

  @Get('denials/histogram')
  @Documented({
    tag: 'Audit trail',
    summary: 'Count the denied logins of a tenant per minute, hour or day (UTC)',
    answer: json(denialHistogramView),
    problems: ['smtp-user-not-found'],
  })
  countDenials(
    @InPath() { tenantId }: TenantScope,
    @Query({ schema: HistogramParams }) params: HistogramParams,
  ): Promise<DenialHistogram> {
    return this.queries.execute(new CountDenials(tenantId, params));
  }

  @Get('smtp-users/:smtpUserId/denials')
  @ListRoute(denials, { tag: 'Audit trail', summary: 'The denials of an SMTP user' })
  listSmtpUserDenials(@InPath() scope: TenantScope, @Query({ schema: denials.query }) params: DenialsParams) {
    return new ListDenials(scope, params);
  }

  @Get('smtp-users/:smtpUserId/denied-ips')
  @ListRoute(deniedIps, {
    tag: 'Audit trail',
    summary: 'The addresses from which an SMTP user was denied, with suggested entries',
  })
  listDeniedIps(@InPath() scope: SmtpUserScope, @Query({ schema: deniedIps.query }) params: DeniedIpsParams) {
    return new ListDeniedIps(scope, params);
  }

  @Get('denial-summaries')
  @Documented({
    tag: 'Audit trail',
    summary: 'The last denial of each given SMTP user, with its denied logins of the last five minutes and of today',
    answer: json(summariesView),
  })
  summariseDenials(
    @InPath() { tenantId }: TenantScope,
    @Query({ schema: SummariesParams }) params: SummariesParams,
  ): Promise<Summaries> {
    return this.queries.execute(new SummariseDenials(tenantId, params));
  }

  @Get('refusing-now')
  @ListRoute(refusingNow, {
    tag: 'Audit trail',
    summary: 'The SMTP users of a tenant whose logins were refused in the last five minutes',
  })
  listRefusingNow(
    @InPath() { tenantId }: TenantScope,
    @Query({ schema: refusingNow.query }) params: RefusingNowParams,
  ) {
    return new ListRefusingNow(tenantId, params);
  }
}
