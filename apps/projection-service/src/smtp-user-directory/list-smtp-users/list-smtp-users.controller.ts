import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import { Allow, fieldCode, Tenant } from '@postern/service-kit';
import { z } from 'zod';
import { readCursor } from './list-cursor.js';
import { ListSmtpUsers, type SmtpUserPage } from './list-smtp-users.query.js';

const ListOptions = z.strictObject({
  query: z.string().min(1).max(254, 'A username has at most 254 characters.').optional(),
  limit: z.coerce.number('must be a whole number from 1 to 500').int().min(1).max(500).default(50),
  cursor: z
    .string()
    .refine(
      (text) => readCursor(text) !== null,
      fieldCode('validation-failed', 'This is no cursor: send the nextCursor of the page before, unchanged.'),
    )
    .optional(),
});

@Controller()
export class ListSmtpUsersController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('v1/tenants/:tenantId/smtp-users')
  @Allow('admin', 'auditor', 'operator')
  list(
    @Tenant() tenantId: TenantId,
    @Query({ schema: ListOptions }) { query, limit, cursor }: z.infer<typeof ListOptions>,
  ): Promise<SmtpUserPage> {
    const after = cursor === undefined ? null : readCursor(cursor);
    return this.queries.execute(new ListSmtpUsers(tenantId, query ?? null, limit, after));
  }
}
