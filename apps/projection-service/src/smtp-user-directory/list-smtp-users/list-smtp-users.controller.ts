import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, exported, pageView, smtpUserView, Tenant } from '@postern/http';
import { ListAnswers, bomField, pageFields, pageRequest, timeColumn, uuidColumn } from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ListSmtpUsers } from './list-smtp-users.query.js';

const ListOptions = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(254, 'A username has at most 254 characters.')
    .regex(/^[\x21-\x7e]*$/, 'A username has printable ASCII characters alone.')
    .optional()
    .meta({
      description: 'A part of the username, in any case.',
      examples: ['app@'],
    }),
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

@Controller()
export class ListSmtpUsersController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('v1/tenants/:tenantId/smtp-users')
  @Allow('admin', 'auditor', 'operator')
  @Documented({
    tag: 'SMTP users',
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
}
