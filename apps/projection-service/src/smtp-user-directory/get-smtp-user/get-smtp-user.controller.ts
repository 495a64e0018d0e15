import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import { Allow, Documented, json, smtpUserView, Tenant } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { MinVersion } from '../min-version.js';
import { GetSmtpUser } from './get-smtp-user.query.js';

@Controller()
export class GetSmtpUserController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users/:smtpUserId')
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'SMTP users',
    summary: 'Show an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(smtpUserView),
    tells: ['ETag'],
  })
  async get(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SmtpUser> {
    const smtpUser = await this.queries.execute(new GetSmtpUser({ tenantId, smtpUserId, minVersion }));
    void reply.header('etag', `"${smtpUser.restriction.version}"`);
    return smtpUser;
  }
}
