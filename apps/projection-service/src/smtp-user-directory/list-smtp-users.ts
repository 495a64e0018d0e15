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
      manager.query<ListedRecord[]>(PAGE, [
        tenantId,
        part === null ? null : usernameKey(part),
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

/** Finds the page in the index smtp_users_of_tenant alone, and only then reads its rows. `found`: one more than the limit if there are more. */
const PAGE = `
  WITH page AS MATERIALIZED (
    SELECT id, created_at FROM projection.smtp_users
     WHERE tenant_id = $1 AND NOT removed
       AND ($2::text IS NULL OR position($2 IN username_key) > 0)
       AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
     ORDER BY created_at DESC, id DESC LIMIT $5
  ), rows AS (
    SELECT u.*, count(*) OVER () AS found,
           sum(jsonb_array_length(restriction -> 'entries')) OVER (ORDER BY u.created_at DESC, u.id DESC) AS so_far
      FROM page JOIN projection.smtp_users u USING (id)
  )
  SELECT id, tenant_id, username, created_at, removed, restriction, version, found
    FROM rows WHERE so_far <= $6 ORDER BY created_at DESC, id DESC`;
