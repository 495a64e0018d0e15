import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import { changes, type ChangesParams, ListChanges } from './list-changes.js';

@Controller('v1')
export class ChangesController {
  constructor(@Inject(ListAnswers) private readonly lists: ListAnswers) {}

  @Get('tenants/:tenantId/changes')
  @Allow('admin', 'auditor', 'operator')
  @Documented({ tag: 'Audit trail', id: 'listChanges', summary: 'All changes of a tenant', ...changes.answers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: changes.query }) query: ChangesParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, changes, query, (asked) => new ListChanges({ tenantId, smtpUserId: null }, asked));
  }

  @Get('tenants/:tenantId/smtp-users/:smtpUserId/history')
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'Audit trail',
    id: 'listSmtpUserHistory',
    summary: 'The changes of an SMTP user, also of a removed one',
    ...changes.answers,
  })
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: changes.query }) query: ChangesParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const history = { ...changes, name: 'history' };
    return this.lists.answer(reply, history, query, (asked) => new ListChanges({ tenantId, smtpUserId }, asked));
  }

  /** For operators: keys of operators and relays belong to no tenant. */
  @Get('changes')
  @Allow('operator')
  @Documented({
    tag: 'Audit trail',
    id: 'listOperatorChanges',
    summary: 'The changes that concern no tenant',
    ...changes.answers,
  })
  ofNoTenant(@Query({ schema: changes.query }) query: ChangesParams, @Res() reply: FastifyReply): Promise<void> {
    const scope = { tenantId: null, smtpUserId: null };
    return this.lists.answer(reply, changes, query, (asked) => new ListChanges(scope, asked));
  }
}
