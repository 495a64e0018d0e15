import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import { denials, type DenialsAsked, ListDenials } from './list-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialsController {
  constructor(@Inject(ListAnswers) private readonly lists: ListAnswers) {}

  @Get('denials')
  @Documented({ tag: 'Audit trail', id: 'listDenials', summary: 'The denials of a tenant', ...denials.answers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: denials.query }) query: DenialsAsked,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, denials, query, (asked) => new ListDenials({ tenantId, smtpUserId: null }, asked));
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
    @Query({ schema: denials.query }) query: DenialsAsked,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, denials, query, (asked) => new ListDenials({ tenantId, smtpUserId }, asked));
  }
}
