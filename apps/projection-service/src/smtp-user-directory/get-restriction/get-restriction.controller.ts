import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { Restriction } from '@postern/restrictions';
import { Allow, Documented, json, restrictionView, Tenant } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { MinVersion } from '../min-version.js';
import { GetRestriction } from './get-restriction.query.js';

@Controller()
export class GetRestrictionController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction')
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'Restrictions',
    summary: 'Show the restriction of an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(restrictionView),
    tells: ['ETag'],
  })
  async get(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    const restriction = await this.queries.execute(new GetRestriction({ tenantId, smtpUserId, minVersion }));
    void reply.header('etag', `"${restriction.version}"`);
    return restriction;
  }
}
