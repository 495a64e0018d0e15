import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented } from '@postern/http';
import { ListAnswers, pageRequest } from '@postern/lists';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { changeAnswers } from './change-view.js';
import { changesQuery, type ChangesQuery } from './list-changes.controller.js';
import { CHANGE_COLUMNS, changeRowOfCsv, ListChanges } from './list-changes.query.js';

/** What concerns no tenant: the keys of operators and relays. */
@Controller('v1/changes')
@Allow('operator')
export class ListOperatorChangesController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(ListAnswers) private readonly answers: ListAnswers,
  ) {}

  @Get()
  @Documented({ tag: 'Audit trail', summary: 'The changes that concern no tenant', ...changeAnswers })
  list(
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answers.answer(request, reply, pageRequest(query), {
      name: 'changes',
      columns: CHANGE_COLUMNS,
      csvRow: changeRowOfCsv,
      read: (page) => this.queries.execute(new ListChanges({ tenantId: null, smtpUserId: null }, page, query)),
    });
  }
}
