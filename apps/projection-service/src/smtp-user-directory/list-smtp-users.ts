import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { usernameKey, type Page, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { smtpUserView } from '@postern/http';
import { parseAddress, rangesAround, type IpAddress } from '@postern/ip-ranges';
import { defineList, isTime, isUuid, ListQuery, pageOf } from '@postern/lists';
import { smtpUserColumns, smtpUserOf, type SmtpUserRecord } from '@postern/read-models';
import { smtpUserView as shownUser, type SmtpUser } from '@postern/restrictions';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { isInState, SMTP_USER_STATES } from './smtp-user-states.js';

export const smtpUsers = defineList({
  name: 'smtp-users',
  page: 'SmtpUserPage',
  item: smtpUserView,
  order: { createdAt: isTime, id: isUuid },
  filters: {
    query: z
      .string()
      .min(1)
      .max(254, 'A username has at most 254 characters.')
      .regex(/^[\x21-\x7e]*$/, 'A username has only printable ASCII characters.')
      .optional()
      .meta({ description: 'A part of the username, in upper or lower case.', examples: ['app@'] }),
    state: z
      .enum(SMTP_USER_STATES, `Give one of ${SMTP_USER_STATES.join(', ')}.`)
      .optional()
      .meta({
        description:
          '`restricted` in any mode; `report-only`: restricted in that mode; `expiring`: a live entry expires within 7 days; `expired`: restricted without a live entry.',
      }),
    allows: z
      .string()
      .transform((text, context): IpAddress => {
        const parsed = parseAddress(text);
        if (parsed.ok) return parsed.value;
        context.addIssue({ code: 'custom', message: parsed.detail, params: { code: parsed.code } });
        return z.NEVER;
      })
      .optional()
      .meta({
        description:
          'An address: the SMTP users with a live entry that contains it. An unrestricted user has no entries.',
        examples: ['203.0.113.9'],
      }),
  },
  columns: [
    'id',
    'tenantId',
    'username',
    'createdAt',
    'restriction.restricted',
    'restriction.mode',
    'restriction.enforceAt',
    'restriction.version',
    'restriction.entries',
    'restriction.warnings',
  ],
});
export type SmtpUsersParams = z.infer<typeof smtpUsers.query>;

export class ListSmtpUsers extends ListQuery<SmtpUser, TenantId, SmtpUsersParams> {}

/** A page ends early at this number of entries: 500 users with full lists would be about 150 MB. */
export const MAX_ENTRIES_PER_PAGE = 20_000;

@QueryHandler(ListSmtpUsers)
export class ListSmtpUsersHandler implements IQueryHandler<ListSmtpUsers> {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  async execute({ scope: tenantId, params }: ListSmtpUsers): Promise<Page<SmtpUser>> {
    const now = new Date();
    const { text, values } = pageQuery(tenantId, params, now);
    const records = await inTenant(this.dataSource, tenantId, (manager) =>
      manager.query<(SmtpUserRecord & { readonly found: string })[]>(text, values),
    );
    const users = records.slice(0, params.limit).map((record) => shownUser(smtpUserOf(record), now));
    return pageOf(users, params, smtpUsers.order, Number(records[0]?.found));
  }
}

function pageQuery(tenantId: TenantId, params: SmtpUsersParams, now: Date) {
  const { query, state, allows, cursor, limit } = params;
  const found =
    query !== undefined && state === undefined && allows === undefined
      ? sql`SELECT id, created_at
              FROM projection.find_smtp_users(${usernameKey(query)}, ${cursor?.[0] ?? null}, ${cursor?.[1] ?? null}, ${limit + 1})`
      : sql`SELECT id, created_at FROM projection.smtp_users WHERE ${join(conditionsOf(tenantId, params, now), ' AND ')}
             ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}`;
  return sql`
    WITH page AS MATERIALIZED (${found}), counted AS (
      SELECT u.*, count(*) OVER () AS found, -- one more than the limit if there are more
             sum((SELECT count(*) FROM projection.entries WHERE smtp_user_id = u.id)) OVER (ORDER BY u.created_at DESC, u.id DESC) AS so_far
        FROM page JOIN projection.smtp_users u USING (id)
    )
    SELECT ${raw(smtpUserColumns('projection'))}, found
      FROM counted u WHERE so_far <= ${MAX_ENTRIES_PER_PAGE} ORDER BY created_at DESC, id DESC`;
}

function conditionsOf(tenantId: TenantId, { query, state, allows, cursor }: SmtpUsersParams, now: Date): Sql[] {
  const conditions = [sql`tenant_id = ${tenantId} AND NOT removed`];
  if (cursor) conditions.push(sql`(created_at, id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)`);
  if (query !== undefined) conditions.push(sql`strpos(username_key, ${usernameKey(query)}) > 0`);
  if (state !== undefined) conditions.push(isInState(state, tenantId, now));
  if (allows !== undefined) {
    const ranges = rangesAround(allows).map((range) => range.text);
    conditions.push(sql`id IN (SELECT smtp_user_id FROM projection.entries
      WHERE tenant_id = ${tenantId} AND range = ANY (${ranges}) AND (expires_at IS NULL OR expires_at > ${now.toISOString()}))`);
  }
  return conditions;
}
