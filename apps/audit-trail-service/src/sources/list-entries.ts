import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { EntryAdded, Page, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { entryView, integer, Problem, text, time, uuid, view } from '@postern/http';
import { defineList, isPosition, isUuid, ListQuery, pageOf, readRows } from '@postern/lists';
import { entryUse, loginCoverage, type LoginCoverage } from '@postern/observed-logins';
import { entryView as shownEntry } from '@postern/restrictions';
import sql, { join, type Sql } from 'sql-template-tag';
import { z } from 'zod';
import { TenantReader } from '../tenant-reader.js';
import { daysField, loginCoverageFields, observedFrom } from './login-period.js';

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

interface EntryRow extends Omit<UsedEntry, 'entry'> {
  readonly entry: EntryAdded;
  readonly position: string;
}

@QueryHandler(ListEntries)
export class ListEntriesHandler extends TenantReader implements IQueryHandler<ListEntries> {
  execute({ scope: tenantId, params }: ListEntries): Promise<UsedEntryPage> {
    const { unusedForDays, limit } = params;
    const now = new Date();
    return inTenant(this.audit, tenantId, async (manager) => {
      const { since, silentRelays } = await loginCoverage(manager, null, now);
      const known = { since, silentRelays };
      if (unusedForDays !== undefined && !isKnown(since, unusedForDays, now))
        return { items: [], nextCursor: null, ...known };
      const before = unusedForDays === undefined ? null : observedFrom(unusedForDays, now).toISOString();
      const atOnce = before === null ? limit + 1 : MAX_LOOKED_AT;
      const rows = await readRows<EntryRow>(manager, usedEntries(tenantId, params, before, atOnce, now));
      const found = rows.filter(({ lastMatchedAt: last }) => before === null || last === null || last < before);
      const page = pageOf(found, params, entries.order);
      const items = page.items.map((row) => {
        const { position: _, ...used } = row;
        return { ...used, entry: shownEntry(used.entry, now) };
      });
      const lastChecked = before === null ? [] : rows.slice(atOnce - 1);
      const { nextCursor } = page.nextCursor === null ? pageOf(lastChecked, { limit: 1 }, entries.order, 2) : page;
      return { items, nextCursor, ...known };
    });
  }
}

/** The newest first. Uses the index `smtp_users_of_tenant` and the key of the entries. */
function usedEntries(
  tenantId: TenantId,
  { smtpUserId, cursor }: EntriesParams,
  addedBefore: string | null,
  limit: number,
  now: Date,
): Sql {
  const conditions = [sql`u.tenant_id = ${tenantId}`];
  if (smtpUserId !== undefined) conditions.push(sql`u.id = ${smtpUserId}`);
  if (addedBefore !== null) conditions.push(sql`(entry ->> 'addedAt')::timestamptz <= ${addedBefore}::timestamptz`);
  if (cursor) {
    conditions.push(sql`u.id <= ${cursor[0]}::uuid`);
    conditions.push(sql`(u.id, position) < (${cursor[0]}::uuid, ${cursor[1]}::bigint)`);
  }
  return sql`
    WITH entry AS MATERIALIZED (
      SELECT smtp_user_id, username, position, entry AS details,
             (entry ->> 'id')::uuid AS id, (entry ->> 'range')::inet AS range, (entry ->> 'addedAt')::timestamptz AS added_at
        FROM audit.smtp_users u JOIN audit.entries ON smtp_user_id = u.id
       WHERE ${join(conditions, ' AND ')} ORDER BY u.id DESC, position DESC LIMIT ${limit}
    )
    SELECT entry.smtp_user_id AS "smtpUserId", username, details AS entry, position, last AS "lastMatchedAt", logins30d
      FROM entry, LATERAL (${entryUse(now)}) use ORDER BY entry.smtp_user_id DESC, position DESC`;
}

function isKnown(since: string | null, days: number, now: Date): boolean {
  return since !== null && since <= observedFrom(days, now).toISOString();
}
