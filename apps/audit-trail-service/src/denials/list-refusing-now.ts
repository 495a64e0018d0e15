import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Page, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { text, time, uuid, view, integer } from '@postern/http';
import { defineList, isTime, isUuid, ListQuery, pageOf, readRows } from '@postern/lists';
import sql, { empty } from 'sql-template-tag';
import type { z } from 'zod';
import { TenantReader } from '../tenant-reader.js';
import { RECENT_MS } from './summarise-denials.js';

const MAX_LOOKED_AT = 20_000;

export const refusingNow = defineList({
  name: 'refusing-now',
  page: 'RefusingNowPage',
  item: view(
    'RefusingNow',
    `An SMTP user whose logins were refused in the last five minutes. Only the newest ${MAX_LOOKED_AT} denials are counted.`,
    {
      smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
      username: text('app@acme.example', 'The present username.'),
      ip: text('203.0.113.9', 'The address with the most refused logins.'),
      addresses: integer(1, 1, 'The number of addresses.'),
      refused: integer(1, 12, 'Logins.'),
      since: time('2026-11-02T09:26:00.000Z', 'The time of the first denial.'),
      lastDeniedAt: time('2026-11-02T09:30:00.000Z', 'The time of the last denial.'),
    },
  ),
  order: { lastDeniedAt: isTime, smtpUserId: isUuid },
  filters: {},
});
export type RefusingNow = z.infer<typeof refusingNow.item>;
export type RefusingNowParams = z.infer<typeof refusingNow.query>;

export class ListRefusingNow extends ListQuery<RefusingNow, TenantId, RefusingNowParams> {}

@QueryHandler(ListRefusingNow)
export class ListRefusingNowHandler extends TenantReader implements IQueryHandler<ListRefusingNow> {
  /** Uses the index `denials_of_tenant`. Removed SMTP users are left out. */
  execute({ scope: tenantId, params }: ListRefusingNow): Promise<Page<RefusingNow>> {
    const { cursor, limit } = params;
    const from = new Date(Date.now() - RECENT_MS).toISOString();
    const behind = cursor
      ? sql`WHERE (last_denied_at, smtp_user_id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)`
      : empty;
    return inTenant(this.audit, tenantId, async (manager) => {
      const rows = await readRows<RefusingNow>(
        manager,
        sql`
        WITH newest AS (
          SELECT smtp_user_id, ip, count, occurred_at FROM audit.denials
           WHERE tenant_id = ${tenantId} AND refused AND occurred_at >= ${from}::timestamptz
           ORDER BY occurred_at DESC, id DESC LIMIT ${MAX_LOOKED_AT}
        ), of_address AS (
          SELECT smtp_user_id, ip, sum(count) AS refused, min(occurred_at) AS since, max(occurred_at) AS last_denied_at
            FROM newest GROUP BY smtp_user_id, ip
        ), of_user AS (
          SELECT smtp_user_id, (array_agg(ip ORDER BY refused DESC, last_denied_at DESC))[1] AS ip, count(*)::integer AS addresses,
                 sum(refused)::float8 AS refused, min(since) AS since, max(last_denied_at) AS last_denied_at
            FROM of_address GROUP BY smtp_user_id
        ), page AS (
          SELECT f.*, username FROM of_user f JOIN audit.smtp_users u ON u.id = smtp_user_id AND NOT removed ${behind}
           ORDER BY last_denied_at DESC, smtp_user_id DESC LIMIT ${limit + 1}
        )
        SELECT smtp_user_id AS "smtpUserId", username, ip, addresses, refused, since, last_denied_at AS "lastDeniedAt"
          FROM page ORDER BY last_denied_at DESC, smtp_user_id DESC`,
      );
      return pageOf(rows, params, refusingNow.order);
    });
  }
}
