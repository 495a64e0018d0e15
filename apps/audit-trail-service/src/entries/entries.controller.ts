import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import { Allow, Documented, Tenant } from '@postern/http';
import { ListAnswers } from '@postern/lists';
import type { FastifyReply } from 'fastify';
import { entries, type EntriesParams, ListEntries } from './list-entries.js';

@Controller('v1/tenants/:tenantId/entries')
@Allow('admin', 'auditor', 'operator')
export class EntriesController {
  constructor(@Inject(ListAnswers) private readonly lists: ListAnswers) {}

  @Get()
  @Documented({
    tag: 'Observed sources',
    id: 'listEntries',
    summary: 'The entries of a tenant’s restrictions, and when each last let a login in',
    ...entries.answers,
  })
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: entries.query }) query: EntriesParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.lists.answer(reply, entries, query, (asked) => new ListEntries(tenantId, asked));
  }
}
