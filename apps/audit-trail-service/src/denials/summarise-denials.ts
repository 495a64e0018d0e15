import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { isUuid, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { text, time, timeField, uuid, view, integer } from '@postern/http';
import { readRows, ScopedQuery } from '@postern/lists';
import sql from 'sql-template-tag';
import { z } from 'zod';
import { TenantReader } from '../tenant-reader.js';

const MAX_USERS = 100;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** The limit of the count per SMTP user: in a flood, the exact number of a day does not help. */
export const MAX_COUNTED = 1_000;
export const RECENT_MS = 5 * 60 * 1_000;

const IDS_DETAIL = `Give 1 to ${MAX_USERS} ids of SMTP users, separated by commas.`;

export const SummariesParams = z.strictObject({
  smtpUserIds: z
    .string()
    .transform((text) => text.split(','))
    .refine((ids) => ids.length <= MAX_USERS && ids.every(isUuid), IDS_DETAIL)
    .meta({
      type: 'string',
      description: IDS_DETAIL,
      examples: ['019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10,019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a11'],
    }),
  since: timeField
    .refine((since) => Date.now() - Date.parse(since) <= 2 * DAY_MS, 'Give a time of the last two days.')
    .optional()
    .meta({ description: 'The time at which `today` begins; by default midnight in UTC.' }),
});

export type SummariesParams = z.infer<typeof SummariesParams>;

const logins = {
  refused: integer(0, 12),
  wouldHaveBeenRefused: integer(0, 0, 'Logins that `report-only` let through.'),
};
const summary = view('DenialSummary', 'A summary of an SMTP user’s denials.', {
  smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
  lastDeniedAt: time('2026-11-02T09:30:00.000Z'),
  lastIp: text('203.0.113.9'),
  recent: view('RecentDenials', 'Logins of the last five minutes.', {
    ...logins,
    ip: text('203.0.113.9', 'The most frequent address.').nullable(),
  }),
  today: view('DeniedLogins', 'Logins since the beginning of the day.', logins),
  complete: z.boolean().meta({
    description: `False: there are more denials than the ${MAX_COUNTED} that are counted. The numbers are lower bounds.`,
  }),
});

export const summariesView = view(
  'DenialSummaries',
  'In no particular order. SMTP users without a denial are left out.',
  {
    items: z.array(summary),
  },
);
export type Summaries = z.infer<typeof summariesView>;
export type DenialSummary = Summaries['items'][number];

/** Ids of other tenants are left out. */
export class SummariseDenials extends ScopedQuery<Summaries, TenantId, SummariesParams> {}

@QueryHandler(SummariseDenials)
export class SummariseDenialsHandler extends TenantReader implements IQueryHandler<SummariseDenials> {
  /** Per user one read of `denied_ips_of_user`, and the newest of the day by the primary key of the denials. */
  async execute({ scope: tenantId, params: { smtpUserIds, since } }: SummariseDenials): Promise<Summaries> {
    const now = Date.now();
    const today = since ?? new Date(now - (now % DAY_MS)).toISOString();
    const recent = new Date(now - RECENT_MS).toISOString();
    const from = today < recent ? today : recent;
    const rows = await inTenant(this.audit, tenantId, (manager) =>
      readRows<DenialSummary>(
        manager,
        sql`
        SELECT smtp_user_id AS "smtpUserId", last_denied_at AS "lastDeniedAt", last.ip AS "lastIp", recent, today, complete
          FROM unnest(${[...new Set(smtpUserIds)]}::uuid[]) AS requested (smtp_user_id), LATERAL (
            SELECT last_denied_at, ip FROM audit.denied_ips WHERE smtp_user_id = requested.smtp_user_id
             ORDER BY last_denied_at DESC, ip DESC LIMIT 1) last, LATERAL (
            SELECT json_build_object(
                     'refused', coalesce(sum(refused_now), 0), 'wouldHaveBeenRefused', coalesce(sum(let_through_now), 0),
                     'ip', (array_agg(ip ORDER BY refused_now DESC, let_through_now DESC) FILTER (WHERE refused_now + let_through_now > 0))[1]
                   ) AS recent,
                   json_build_object('refused', coalesce(sum(refused_today), 0), 'wouldHaveBeenRefused', coalesce(sum(let_through_today), 0)) AS today,
                   coalesce(sum(rows), 0) < ${MAX_COUNTED} AS complete
              FROM (SELECT ip, count(*) AS rows,
                           coalesce(sum(count) FILTER (WHERE refused AND occurred_at >= ${recent}::timestamptz), 0) AS refused_now,
                           coalesce(sum(count) FILTER (WHERE NOT refused AND occurred_at >= ${recent}::timestamptz), 0) AS let_through_now,
                           coalesce(sum(count) FILTER (WHERE refused AND occurred_at >= ${today}::timestamptz), 0) AS refused_today,
                           coalesce(sum(count) FILTER (WHERE NOT refused AND occurred_at >= ${today}::timestamptz), 0) AS let_through_today
                      FROM (SELECT ip, count, refused, occurred_at FROM audit.denials
                             WHERE smtp_user_id = requested.smtp_user_id AND occurred_at >= ${from}::timestamptz
                               AND occurred_at >= (SELECT kept_from FROM audit.denial_retention)
                             ORDER BY occurred_at DESC, id DESC LIMIT ${MAX_COUNTED}) newest
                     GROUP BY ip) of_address) counted`,
      ),
    );
    return { items: rows };
  }
}
