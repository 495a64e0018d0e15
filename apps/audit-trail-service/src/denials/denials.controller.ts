import {
  denialReasonView,
  exported,
  modeView,
  pageView,
  text,
  time,
  uuid,
  view,
  whole,
  Allow,
  Documented,
  Tenant,
} from '@postern/http';
import { z } from 'zod';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId, Denial } from '@postern/contracts';
import { ListAnswers, pageRequest } from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DENIAL_COLUMNS, ListDenials } from './list-denials.js';
import { denialsQuery, filterOf, type DenialsQuery, type DenialScope } from './denial-filter.js';

const denialView = view<Denial>('Denial', 'One refused login, or in `report-only` one that would have been.', {
  id: uuid('019ab1c3-2b4d-7e6f-8a9b-0c1d2e3f4a5b'),
  occurredAt: time('2026-11-01T08:00:00.000Z', 'By the relay’s clock.'),
  recordedAt: time('2026-11-01T08:00:00.120Z'),
  tenantId: text('acme'),
  smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
  username: text('app@acme.example'),
  ip: text('203.0.113.9', 'Canonical; for `source-ip-invalid` the text as the relay saw it.'),
  relay: text('mx1'),
  reason: denialReasonView,
  mode: modeView,
  refused: z.boolean().meta({ description: 'False where `report-only` let it through.' }),
  count: whole(1, 1, 'Logins that it stands for: a flood is folded.'),
});

/** A page of denials; or all of them as NDJSON or CSV. */
const denialAnswers = exported(pageView('DenialPage', denialView), denialView, `${DENIAL_COLUMNS.join(',')}\r\n`);

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialsController {
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
