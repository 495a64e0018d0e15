import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import { Allow, pageFields, pageRequest, Tenant, timeColumn, uuidColumn, type Page } from '@postern/service-kit';
import { z } from 'zod';
import { ListSmtpUsers } from './list-smtp-users.query.js';

const ListOptions = z.strictObject({
  query: z.string().min(1).max(254, 'A username has at most 254 characters.').optional(),
  ...pageFields([timeColumn, uuidColumn]),
});

@Controller()
export class ListSmtpUsersController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users')
  @Allow('admin', 'auditor', 'operator')
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: ListOptions }) query: z.infer<typeof ListOptions>,
  ): Promise<Page<SmtpUser>> {
    return this.queries.execute(new ListSmtpUsers(tenantId, query.query ?? null, pageRequest(query)));
  }
}
