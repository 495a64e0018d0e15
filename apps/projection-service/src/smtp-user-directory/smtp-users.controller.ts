import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import {
  Allow,
  Documented,
  exported,
  json,
  MinVersion,
  pageView,
  restrictionView,
  smtpUserView,
  Tenant,
} from '@postern/http';
import { bomField, ListAnswers, pageFields, pageRequest, timeColumn, uuidColumn } from '@postern/lists';
import {
  restrictionView as shownRestriction,
  smtpUserView as shownUser,
  type Restriction,
  type SmtpUser,
} from '@postern/restrictions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GetSmtpUser } from './get-smtp-user.js';
import { ListSmtpUsers } from './list-smtp-users.js';

const ListOptions = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(254, 'A username has at most 254 characters.')
    .regex(/^[\x21-\x7e]*$/, 'A username has printable ASCII characters alone.')
    .optional()
    .meta({ description: 'A part of the username, in any case.', examples: ['app@'] }),
  ...pageFields([timeColumn, uuidColumn]),
  bom: bomField,
});

/** The columns of CSV. */
const COLUMNS = [
  'id',
  'tenantId',
  'username',
  'createdAt',
  'restriction.restricted',
  'restriction.mode',
  'restriction.version',
  'restriction.entries',
  'restriction.warnings',
];

/** SMTP users and their restrictions, for people. */
@Controller('v1/tenants/:tenantId/smtp-users')
@Allow('admin', 'auditor', 'operator')
export class SmtpUsersController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get()
  @Documented({
    tag: 'SMTP users',
    id: 'listSmtpUsers',
    summary: 'List the SMTP users of a tenant, the newest first',
    ...exported(pageView('SmtpUserPage', smtpUserView), smtpUserView, `${COLUMNS.join(',')}\r\n`),
  })
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: ListOptions }) query: z.infer<typeof ListOptions>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name: 'smtp-users',
      columns: COLUMNS,
      read: (page) => this.queries.execute(new ListSmtpUsers(tenantId, query.query ?? null, page)),
    });
  }

  @Get(':smtpUserId')
  @Documented({
    tag: 'SMTP users',
    id: 'getSmtpUser',
    summary: 'Show an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(smtpUserView),
    tells: ['ETag'],
  })
  async smtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SmtpUser> {
    const state = await this.queries.execute(new GetSmtpUser({ tenantId, smtpUserId, minVersion }));
    const smtpUser = shownUser(state, new Date());
    void reply.header('etag', `"${smtpUser.restriction.version}"`);
    return smtpUser;
  }

  @Get(':smtpUserId/restriction')
  @Documented({
    tag: 'Restrictions',
    id: 'getRestriction',
    summary: 'Show the restriction of an SMTP user',
    takes: ['Postern-Min-Version'],
    answer: json(restrictionView),
    tells: ['ETag'],
  })
  async restriction(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @MinVersion() minVersion: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    const state = await this.queries.execute(new GetSmtpUser({ tenantId, smtpUserId, minVersion }));
    const restriction = shownRestriction(state, new Date());
    void reply.header('etag', `"${restriction.version}"`);
    return restriction;
  }
}
