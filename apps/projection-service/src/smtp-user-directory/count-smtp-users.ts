import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { view, integer } from '@postern/http';
import { readRows } from '@postern/lists';
import sql, { type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { expiredUsers, expiringUsers, isInState } from './smtp-user-states.js';
import type { z } from 'zod';

export const smtpUserCountsView = view(
  'SmtpUserCounts',
  'How many SMTP users of a tenant are in each state; one may be in several.',
  {
    all: integer(0, 1204),
    restricted: integer(0, 310, 'With a restriction, of any mode.'),
    reportOnly: integer(0, 14, 'Of these, those whose mode is `report-only`.'),
    expiring: integer(0, 3, 'Of these, those with a live entry that expires within 7 days.'),
    expired: integer(0, 1, 'Of these, those without a live entry: in `enforce` every login is refused.'),
  },
);
export type SmtpUserCounts = z.infer<typeof smtpUserCountsView>;

export class CountSmtpUsers extends Query<SmtpUserCounts> {
  constructor(readonly tenantId: TenantId) {
    super();
  }
}

@QueryHandler(CountSmtpUsers)
export class CountSmtpUsersHandler implements IQueryHandler<CountSmtpUsers> {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  /** One scan of the index `smtp_users_of_tenant`: 100,000 users take about 50 ms. */
  async execute({ tenantId }: CountSmtpUsers): Promise<SmtpUserCounts> {
    const now = new Date();
    const usersIn = (ids: Sql): Sql => sql`(SELECT count(DISTINCT smtp_user_id)::integer FROM (${ids}) found)`;
    const [counts] = await inTenant(this.dataSource, tenantId, (manager) =>
      readRows<SmtpUserCounts>(
        manager,
        sql`SELECT count(*)::integer AS all,
                   count(*) FILTER (WHERE ${isInState('restricted', tenantId, now)})::integer AS restricted,
                   count(*) FILTER (WHERE ${isInState('report-only', tenantId, now)})::integer AS "reportOnly",
                   ${usersIn(expiringUsers(tenantId, now))} AS expiring, ${usersIn(expiredUsers(tenantId, now))} AS expired
              FROM projection.smtp_users WHERE tenant_id = ${tenantId} AND NOT removed`,
      ),
    );
    return counts as SmtpUserCounts;
  }
}
