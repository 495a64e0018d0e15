import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented, json } from '@postern/http';
import { ListRoute } from '@postern/lists';
import { InPath, type SmtpUserScope, type TenantScope } from '../scope.js';
import { CountSources, sourceHistogramView, type SourceHistogram } from './count-sources.js';
import { entries, type EntriesParams, ListEntries } from './list-entries.js';
import { ListSources, sources, type SourcesParams } from './list-sources.js';
import { DaysParams } from './login-period.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class SourcesController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('smtp-users/:smtpUserId/sources')
  @ListRoute(sources, {
    tag: 'Observed sources',
    summary: 'The addresses from which an SMTP user logged in, and the decision for each now',
  })
  listSources(@InPath() scope: SmtpUserScope, @Query({ schema: sources.query }) params: SourcesParams) {
    return new ListSources(scope, params);
  }

  @Get('smtp-users/:smtpUserId/sources/histogram')
  @Documented({
    tag: 'Observed sources',
    summary: 'The logins of an SMTP user by day, and how many would be refused now',
    answer: json(sourceHistogramView),
  })
  countSources(
    @InPath() scope: SmtpUserScope,
    @Query({ schema: DaysParams }) params: DaysParams,
  ): Promise<SourceHistogram> {
    return this.queries.execute(new CountSources(scope, params));
  }

  @Get('entries')
  @ListRoute(entries, {
    tag: 'Observed sources',
    summary: 'The entries of a tenant’s restrictions, and when each last allowed a login',
  })
  listEntries(@InPath() { tenantId }: TenantScope, @Query({ schema: entries.query }) params: EntriesParams) {
    return new ListEntries(tenantId, params);
  }
}
