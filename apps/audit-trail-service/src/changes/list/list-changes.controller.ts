import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import {
  bomField,
  ListAnswers,
  pageFields,
  pageRequest,
  PERIOD_NOT_IN_ORDER,
  periodFields,
  periodInOrder,
  positionColumn,
} from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { changeAnswers } from './change-view.js';
import { CHANGE_COLUMNS, changeRowOfCsv, ListChanges, type ChangeScope } from './list-changes.query.js';

export const changesQuery = z
  .strictObject({
    ...pageFields([positionColumn]),
    bom: bomField,
    ...periodFields,
    actor: z
      .string()
      .min(1)
      .max(254)
      .refine((text) => !text.includes('\0'), 'A name has no NUL in it.')
      .optional()
      .meta({ description: 'The id or the name of the key that was used.', examples: ['ci'] }),
  })
  .refine(periodInOrder, PERIOD_NOT_IN_ORDER);
export type ChangesQuery = z.infer<typeof changesQuery>;

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class ListChangesController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('changes')
  @Documented({ tag: 'Audit trail', id: 'listChanges', summary: 'All changes of a tenant', ...changeAnswers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer('changes', { tenantId, smtpUserId: null }, query, request, reply);
  }

  @Get('smtp-users/:smtpUserId/history')
  @Documented({
    tag: 'Audit trail',
    id: 'listSmtpUserHistory',
    summary: 'The changes of an SMTP user, also of a removed one',
    ...changeAnswers,
  })
  ofSmtpUser(
    @Tenant() tenantId: TenantId,
    @Param('smtpUserId') smtpUserId: string,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer('history', { tenantId, smtpUserId }, query, request, reply);
  }

  private answer(
    name: string,
    scope: ChangeScope,
    query: ChangesQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name,
      columns: CHANGE_COLUMNS,
      csvRow: changeRowOfCsv,
      read: (page) => this.queries.execute(new ListChanges(scope, page, query)),
    });
  }
}
