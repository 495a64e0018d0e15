import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, json, MinVersion, restrictionView, smtpUserView, Tenant } from '@postern/http';
import { ListRoute } from '@postern/lists';
import {
  restrictionView as shownRestriction,
  smtpUserView as shownUser,
  type Restriction,
  type SmtpUser,
} from '@postern/restrictions';
import type { FastifyReply } from 'fastify';
import { CountSmtpUsers, smtpUserCountsView, type SmtpUserCounts } from './count-smtp-users.js';
import { GetSmtpUser } from './get-smtp-user.js';
import { ListSmtpUsers, smtpUsers, type SmtpUsersParams } from './list-smtp-users.js';

@Controller('v1/tenants/:tenantId/smtp-users')
@Allow('admin', 'auditor', 'operator')
export class SmtpUsersController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @ListRoute(smtpUsers, { tag: 'SMTP users', summary: 'List the SMTP users of a tenant, the newest first' })
  listSmtpUsers(@Tenant() tenantId: TenantId, @Query({ schema: smtpUsers.query }) params: SmtpUsersParams) {
    return new ListSmtpUsers(tenantId, params);
  }

  @Get('counts')
  @Documented({
    tag: 'SMTP users',
    summary: 'Count the SMTP users of a tenant by state',
    answer: json(smtpUserCountsView),
  })
  countSmtpUsers(@Tenant() tenantId: TenantId): Promise<SmtpUserCounts> {
    return this.queries.execute(new CountSmtpUsers(tenantId));
  }

  @Get(':smtpUserId')
  @Documented({
    tag: 'SMTP users',
    summary: 'Show an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(smtpUserView),
    responseHeaders: ['ETag'],
  })
  async getSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SmtpUser> {
    const state = await this.queries.execute(new GetSmtpUser(tenantId, smtpUserId, minVersion));
    const smtpUser = shownUser(state, new Date());
    void reply.header('etag', `"${smtpUser.restriction.version}"`);
    return smtpUser;
  }

  @Get(':smtpUserId/restriction')
  @Documented({
    tag: 'Restrictions',
    summary: 'Show the restriction of an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(restrictionView),
    responseHeaders: ['ETag'],
  })
  async getRestriction(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    const state = await this.queries.execute(new GetSmtpUser(tenantId, smtpUserId, minVersion));
    const restriction = shownRestriction(state, new Date());
    void reply.header('etag', `"${restriction.version}"`);
    return restriction;
  }
}
