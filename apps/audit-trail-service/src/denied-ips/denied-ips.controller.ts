import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import { deniedIps, type DeniedIpsParams, ListDeniedIps } from './list-denied-ips.js';

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DeniedIpsController {
  constructor(@Inject(ListAnswers) private readonly lists: ListAnswers) {}

  @Get('smtp-users/:smtpUserId/denied-ips')
  @Documented({
    tag: 'Audit trail',
    id: 'listDeniedIps',
    summary: 'The addresses from which an SMTP user was denied, with the entries that would let them in',
    ...deniedIps.answers,
  })
  list(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: deniedIps.query }) query: DeniedIpsParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, deniedIps, query, (asked) => new ListDeniedIps({ tenantId, smtpUserId }, asked));
  }
}
