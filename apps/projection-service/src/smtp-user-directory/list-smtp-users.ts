import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { usernameKey, type Page, type TenantId } from '@postern/contracts';
import { type SmtpUser, smtpUserView } from '@postern/restrictions';
import { pageUpTo, type PageRequest } from '@postern/lists';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import type { DataSource } from 'typeorm';
import { knownSmtpUser, type SmtpUserRecord } from './project/directory-table.js';

/** SMTP users of a tenant, the newest first. */
export class ListSmtpUsers extends Query<Page<SmtpUser>> {
  constructor(
    readonly tenantId: TenantId,
    /** A part of the username, in any case; null for all. */
    readonly part: string | null,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** A page ends early rather than hold more entries than this: 500 users with full lists would be some 150 MB. */
export const MAX_ENTRIES_PER_PAGE = 20_000;

@QueryHandler(ListSmtpUsers)
export class ListSmtpUsersHandler implements IQueryHandler<ListSmtpUsers> {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  async execute({ tenantId, part, page }: ListSmtpUsers): Promise<Page<SmtpUser>> {
    const records = await inTenant(this.dataSource, tenantId, (manager) =>
      manager.query<ListedRecord[]>(pageOf(part === null ? ALL : NAMED), [
        part === null ? tenantId : usernameKey(part),
        page.after?.[0] ?? null,
        page.after?.[1] ?? null,
        page.limit + 1,
        MAX_ENTRIES_PER_PAGE,
      ]),
    );
    const now = new Date();
    const items = records.slice(0, page.limit).map((record) => smtpUserView(knownSmtpUser(record).state, now));
    return pageUpTo(items, items.length < Number(records[0]?.found), ({ createdAt, id }) => [createdAt, id]);
  }
}

interface ListedRecord extends SmtpUserRecord {
  readonly found: string;
}

/** The page's users are found by indexes alone; only then their rows are read. */
const ALL = `
  SELECT id, created_at FROM projection.smtp_users
   WHERE tenant_id = $1 AND NOT removed AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
   ORDER BY created_at DESC, id DESC LIMIT $4`;
const NAMED = 'SELECT id, created_at FROM projection.find_smtp_users($1, $2, $3, $4)';

/** `found`: one more than the limit if there are more. */
const pageOf = (ids: string) => `
  WITH page AS MATERIALIZED (${ids}), rows AS (
    SELECT u.*, count(*) OVER () AS found,
           sum(jsonb_array_length(restriction -> 'entries')) OVER (ORDER BY u.created_at DESC, u.id DESC) AS so_far
      FROM page JOIN projection.smtp_users u USING (id)
  )
  SELECT id, tenant_id, username, created_at, removed, restriction, version, found
    FROM rows WHERE so_far <= $5 ORDER BY created_at DESC, id DESC`;
