import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import {
  bomField,
  ListAnswers,
  pageFields,
  pageRequest,
  PERIOD_NOT_IN_ORDER,
  periodInOrder,
  textColumn,
  timeColumn,
  timeField,
} from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { deniedIpAnswers } from './denied-ip-view.js';
import { DENIED_IP_COLUMNS, ListDeniedIps } from './list-denied-ips.query.js';

const deniedIpsQuery = z
  .strictObject({
    ...pageFields([timeColumn, textColumn]),
    bom: bomField,
    from: timeField.optional().meta({ description: 'Denied then or later.', examples: ['2026-11-01T00:00:00Z'] }),
    to: timeField.optional().meta({ description: 'Denied before then.', examples: ['2026-12-01T00:00:00Z'] }),
  })
  .refine(periodInOrder, PERIOD_NOT_IN_ORDER);

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListDeniedIpsController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('smtp-users/:smtpUserId/denied-ips')
  @Documented({
    tag: 'Audit trail',
    summary: 'The addresses from which an SMTP user was denied, with the entries that would let them in',
    ...deniedIpAnswers,
  })
  list(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: deniedIpsQuery }) query: z.infer<typeof deniedIpsQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name: 'denied-ips',
      columns: DENIED_IP_COLUMNS,
      read: (page) => this.queries.execute(new ListDeniedIps(tenantId, smtpUserId, page, query)),
    });
  }
}
