import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import { ListAnswers, pageRequest } from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { denialsQuery, filterOf, type DenialsQuery } from './denial-filter.js';
import { denialAnswers } from './denial-view.js';
import { ListDenials } from './list-denials.query.js';
import type { DenialScope } from './denial-conditions.js';
import { DENIAL_COLUMNS } from './read-denials.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListDenialsController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('denials')
  @Documented({ tag: 'Audit trail', id: 'listDenials', summary: 'The denials of a tenant', ...denialAnswers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: denialsQuery }) query: DenialsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer({ tenantId, smtpUserId: null }, query, request, reply);
  }

  @Get('smtp-users/:smtpUserId/denials')
  @Documented({
    tag: 'Audit trail',
    id: 'listSmtpUserDenials',
    summary: 'The denials of an SMTP user',
    ...denialAnswers,
  })
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: denialsQuery }) query: DenialsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer({ tenantId, smtpUserId }, query, request, reply);
  }

  private answer(scope: DenialScope, query: DenialsQuery, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name: 'denials',
      columns: DENIAL_COLUMNS,
      read: (page) => this.queries.execute(new ListDenials(scope, filterOf(query), page)),
    });
  }
}
