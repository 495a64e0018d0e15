import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CountDenials, denialHistogramView, HistogramParams, type DenialHistogram } from './count-denials.js';
import { denials, type DenialsParams, ListDenials } from './list-denials.js';
import { ListRefusingNow, refusingNow, type RefusingNowParams } from './list-refusing-now.js';
import { type Summaries, SummariesParams, summariesView, SummariseDenials } from './summarise-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialsController {
  constructor(
    @Inject(ListAnswers) private readonly lists: ListAnswers,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get('denials')
  @Documented({ tag: 'Audit trail', id: 'listDenials', summary: 'The denials of a tenant', ...denials.answers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: denials.query }) query: DenialsParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, denials, query, (asked) => new ListDenials({ tenantId, smtpUserId: null }, asked));
  }

  @Get('denials/histogram')
  @Documented({
    tag: 'Audit trail',
    id: 'countDenials',
    summary: 'The denied logins of a tenant by the minute, the hour or the day (UTC)',
    answer: json(denialHistogramView),
    problems: ['smtp-user-not-found'],
  })
  histogram(
    @Tenant() tenantId: TenantId,
    @Query({ schema: HistogramParams }) asked: z.infer<typeof HistogramParams>,
  ): Promise<DenialHistogram> {
    return this.queries.execute(new CountDenials(tenantId, asked));
  }

  @Get('smtp-users/:smtpUserId/denials')
  @Documented({
    tag: 'Audit trail',
    id: 'listSmtpUserDenials',
    summary: 'The denials of an SMTP user',
    ...denials.answers,
  })
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: denials.query }) query: DenialsParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, denials, query, (asked) => new ListDenials({ tenantId, smtpUserId }, asked));
  }

  @Get('denial-summaries')
  @Documented({
    tag: 'Audit trail',
    id: 'summariseDenials',
    summary: 'The last denial of each of some SMTP users, and what is refused now and today',
    answer: json(summariesView),
  })
  summaries(
    @Tenant() tenantId: TenantId,
    @Query({ schema: SummariesParams }) asked: z.infer<typeof SummariesParams>,
  ): Promise<Summaries> {
    return this.queries.execute(new SummariseDenials(tenantId, asked));
  }

  @Get('refusing-now')
  @Documented({
    tag: 'Audit trail',
    id: 'listRefusingNow',
    summary: 'The SMTP users of a tenant whose logins are being refused now',
    ...refusingNow.answers,
  })
  refusingNow(
    @Tenant() tenantId: TenantId,
    @Query({ schema: refusingNow.query }) query: RefusingNowParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, refusingNow, query, (asked) => new ListRefusingNow(tenantId, asked));
  }
}
