import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { EntryAdded, Page, SmtpUserId, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { entryView, integer, Problem, text, time, uuid, view } from '@postern/http';
import { defineList, isPosition, isUuid, ListQuery, pageOf, readRows } from '@postern/lists';
import { type EntryUse, entryUses, loginCoverage, type LoginCoverage } from '@postern/observed-logins';
import { entryView as shownEntry } from '@postern/restrictions';
import sql, { join, raw } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { daysField, loginCoverageFields, observedFrom } from './recent-sources.js';

/** The newest first. */
export const entries = defineList({
  name: 'entries',
  page: 'UsedEntryPage',
  item: view('UsedEntry', 'An entry of an SMTP user’s restriction, and how it was used.', {
    smtpUserId: uuid('019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'),
    username: text('app@acme.example'),
    entry: entryView,
    lastMatchedAt: time(
      '2026-11-02T09:00:00.000Z',
      'The hour of the last login that it allowed since it was added. Null: none in the retention period.',
    ).nullable(),
    logins30d: integer(0, 120, 'Logins that it allowed during the last 30 days.'),
  }),
  more: { since: loginCoverageFields.since, silentRelays: loginCoverageFields.silentRelays },
  checkExport(first, { unusedForDays }: { unusedForDays?: number }) {
    const { since } = first as UsedEntryPage;
    if (unusedForDays === undefined || isKnown(since, unusedForDays, new Date())) return;
    const reports = since === null ? 'No relay has reported logins yet' : `Relays report logins only since ${since}`;
    const detail = `${reports}, so it is not known which entries were unused for ${unusedForDays} days. Ask for fewer days, or wait.`;
    throw new Problem('validation-failed', `?unusedForDays: ${detail}`, {
      errors: [{ pointer: '?unusedForDays', code: 'validation-failed', detail }],
    });
  },
  order: { smtpUserId: isUuid, position: isPosition },
  filters: {
    smtpUserId: z.string().refine(isUuid, 'Give the id of an SMTP user.').optional(),
    unusedForDays: daysField.optional().meta({
      type: 'integer',
      description:
        'Only entries that were added at least this many days ago and allowed no login in that time. Until relays have reported logins for this many days, a page is empty (see `since`) and an export is refused.',
    }),
  },
  columns: [
    'username',
    'entry.range',
    'entry.note',
    'entry.addedBy',
    'entry.addedAt',
    'entry.expiresAt',
    'lastMatchedAt',
    'logins30d',
    'smtpUserId',
    'entry.id',
  ],
});
export type UsedEntry = z.infer<typeof entries.item>;
export interface UsedEntryPage extends Page<UsedEntry>, Pick<LoginCoverage, 'since' | 'silentRelays'> {}
export type EntriesParams = z.infer<typeof entries.query>;

export class ListEntries extends ListQuery<UsedEntry, TenantId, EntriesParams> {}

/** The most entries that are checked for a page of unused ones: the use of an entry is in no index. After that, the page ends early. */
const MAX_LOOKED_AT = 5_000;

interface EntryRow {
  readonly smtpUserId: SmtpUserId;
  readonly username: string;
  readonly entry: EntryAdded;
  readonly position: string;
}

@QueryHandler(ListEntries)
export class ListEntriesHandler implements IQueryHandler<ListEntries> {
  constructor(
    @InjectDataSource('postern_audit_reader') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_reader') private readonly logins: DataSource,
  ) {}

  async execute({ scope: tenantId, params }: ListEntries): Promise<UsedEntryPage> {
    const { unusedForDays, limit } = params;
    const now = new Date();
    const { since, silentRelays } = await inTenant(this.logins, tenantId, (manager) =>
      loginCoverage(manager, null, now),
    );
    const known = { since, silentRelays };
    if (unusedForDays !== undefined && !isKnown(since, unusedForDays, now))
      return { items: [], nextCursor: null, ...known };
    const before = unusedForDays === undefined ? null : observedFrom(unusedForDays, now).toISOString();
    const atOnce = before === null ? limit + 1 : MAX_LOOKED_AT;
    const rows = await this.read(tenantId, params, before, atOnce);
    const uses = await inTenant(this.logins, tenantId, (manager) =>
      entryUses(
        manager,
        rows.map(({ smtpUserId, entry }) => ({ ...entry, smtpUserId })),
        now,
      ),
    );
    const found = rows
      .map((row, i) => ({ ...row, entry: shownEntry(row.entry, now), ...(uses[i] ?? NEVER_USED) }))
      .filter(({ lastMatchedAt: last }) => before === null || last === null || last < before);
    const page = pageOf(found, params, entries.order);
    const items = page.items.map((row) => {
      const { position: _, ...entry } = row;
      return entry;
    });
    const lastChecked = before === null ? [] : rows.slice(atOnce - 1);
    const { nextCursor } = page.nextCursor === null ? pageOf(lastChecked, { limit: 1 }, entries.order, 2) : page;
    return { items, nextCursor, ...known };
  }

  /** Uses the index `smtp_users_of_tenant` and the key of the entries. */
  private read(
    tenantId: TenantId,
    { smtpUserId, cursor }: EntriesParams,
    addedBefore: string | null,
    limit: number,
  ): Promise<EntryRow[]> {
    const conditions = [sql`u.tenant_id = ${tenantId}`];
    if (smtpUserId !== undefined) conditions.push(sql`u.id = ${smtpUserId}`);
    if (addedBefore !== null) conditions.push(sql`(entry ->> 'addedAt')::timestamptz <= ${addedBefore}::timestamptz`);
    if (cursor) {
      conditions.push(sql`u.id <= ${cursor[0]}::uuid`);
      conditions.push(sql`(u.id, position) < (${cursor[0]}::uuid, ${cursor[1]}::bigint)`);
    }
    return inTenant(this.audit, tenantId, (manager) =>
      readRows<EntryRow>(
        manager,
        sql`SELECT u.id AS "smtpUserId", username, entry, position
              FROM audit.smtp_users u JOIN audit.entries ON smtp_user_id = u.id
             WHERE ${join(conditions, ' AND ')} ${NEWEST_FIRST} LIMIT ${limit}`,
      ),
    );
  }
}

const NEVER_USED: EntryUse = { lastMatchedAt: null, logins30d: 0 };

const NEWEST_FIRST = raw('ORDER BY u.id DESC, position DESC');

function isKnown(since: string | null, days: number, now: Date): boolean {
  return since !== null && since <= observedFrom(days, now).toISOString();
}
