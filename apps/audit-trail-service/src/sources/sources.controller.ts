import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CountSources, sourceHistogramView, type SourceHistogram } from './count-sources.js';
import { DaysParams } from './recent-sources.js';
import { ListSources, sources, type SourcesParams } from './list-sources.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/sources')
@Allow('admin', 'auditor', 'operator')
export class SourcesController {
  constructor(
    @Inject(ListAnswers) private readonly lists: ListAnswers,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @Documented({
    tag: 'Observed sources',
    id: 'listSources',
    summary: 'The addresses from which an SMTP user has logged in, and what would be decided now',
    ...sources.answers,
  })
  list(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: sources.query }) query: SourcesParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, sources, query, (asked) => new ListSources({ tenantId, smtpUserId }, asked));
  }

  @Get('histogram')
  @Documented({
    tag: 'Observed sources',
    id: 'countSources',
    summary: 'How often an SMTP user has logged in, by day, and what would be refused now',
    answer: json(sourceHistogramView),
  })
  histogram(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: DaysParams }) { days }: z.infer<typeof DaysParams>,
  ): Promise<SourceHistogram> {
    return this.queries.execute(new CountSources(tenantId, smtpUserId, days));
  }
}
