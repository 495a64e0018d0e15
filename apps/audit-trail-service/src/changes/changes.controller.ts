import type { Actor, EventType, TenantId, Change } from '@postern/contracts';
import {
  exported,
  oneOfSoFar,
  pageView,
  roleView,
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
import {
  bomField,
  ListAnswers,
  pageFields,
  pageRequest,
  PERIOD_NOT_IN_ORDER,
  periodFields,
  periodInOrder,
  positionColumn,
  timeColumn,
} from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CHANGE_COLUMNS, changeRowOfCsv, ListChanges, type ChangeScope } from './list-changes.js';

const actorView = view<Actor>('Actor', 'The API key that was used, with the role and name that it had.', {
  role: roleView,
  keyId: text('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  name: text('ci'),
});

const changeView = view<Change>('Change', 'Who changed what, when, and by which request.', {
  eventId: uuid('019ab1c4-6e7f-7a8b-9c0d-1e2f3a4b5c6d'),
  type: oneOfSoFar<EventType>({
    TenantCreated: true,
    ApiKeyIssued: true,
    ApiKeyRevoked: true,
    SmtpUserRegistered: true,
    SmtpUserRenamed: true,
    SmtpUserRemoved: true,
    RestrictionAdded: true,
    RestrictionEntriesChanged: true,
    RestrictionRemoved: true,
    RestrictionCleared: true,
    RestrictionModeChanged: true,
    AuthDenied: true,
  }),
  occurredAt: time('2026-11-01T08:00:00.000Z'),
  actor: actorView,
  requestId: text('deploy-2026-11-01.17'),
  smtpUserId: uuid<NonNullable<Change['smtpUserId']>>(
    '019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10',
    'Null where it concerns none.',
  ).nullable(),
  username: text('app@acme.example', 'The SMTP user’s name after the change.').nullable(),
  data: z.looseObject({}).meta({ description: 'What the event says; which fields it has goes by `type`.' }),
  before: z.looseObject({}).nullable().meta({ description: 'What it changed, before; null if there was nothing.' }),
  after: z.looseObject({}).nullable().meta({ description: 'And after; null if it is gone.' }),
  version: whole(1, 7, 'The version that the change made.'),
});

/** A page of changes; or all of them as NDJSON or CSV. */
const changeAnswers = exported(pageView('ChangePage', changeView), changeView, `${CHANGE_COLUMNS.join(',')}\r\n`);

const changesQuery = z
  .strictObject({
    ...pageFields([timeColumn, positionColumn]),
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
type ChangesQuery = z.infer<typeof changesQuery>;

@Controller('v1')
export class ChangesController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get('tenants/:tenantId/changes')
  @Allow('admin', 'auditor', 'operator')
  @Documented({ tag: 'Audit trail', id: 'listChanges', summary: 'All changes of a tenant', ...changeAnswers })
  ofTenant(
    @Tenant() tenantId: TenantId,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer('changes', { tenantId, smtpUserId: null }, query, request, reply);
  }

  @Get('tenants/:tenantId/smtp-users/:smtpUserId/history')
  @Allow('admin', 'auditor', 'operator')
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

  /** For operators: the keys of operators and relays belong to no tenant. */
  @Get('changes')
  @Allow('operator')
  @Documented({
    tag: 'Audit trail',
    id: 'listOperatorChanges',
    summary: 'The changes that concern no tenant',
    ...changeAnswers,
  })
  ofNoTenant(
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer('changes', { tenantId: null, smtpUserId: null }, query, request, reply);
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
