import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { view } from '@postern/http';
import {
  isPrivate,
  neighbourhood,
  parseAddress,
  parseRange,
  rangeOf,
  type Family,
  type IpAddress,
} from '@postern/ip-ranges';
import { defineList, isText, isTime, ListQuery, pageOf, periodFields, readRows } from '@postern/lists';
import type { KnownSmtpUser } from '@postern/read-models';
import { accessAt, isLive } from '@postern/restrictions';
import sql, { join, type Sql } from 'sql-template-tag';
import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import {
  deniedTotals,
  suggestedEntry,
  suggestEntries,
  type DeniedAddress,
  type DeniedIpRecord,
} from './suggest-entries.js';
import { countNeighbours, findProxies, USERS_OF_PROXY } from './neighbours.js';

export const deniedIps = defineList({
  name: 'denied-ips',
  page: 'DeniedIpPage',
  item: view('DeniedIp', 'An address from which an SMTP user was denied.', {
    ...deniedTotals,
    stillDenied: z.boolean().meta({ description: 'Whether a login from there would be a denial now.' }),
    looksLikeProxy: z.boolean().meta({
      description: `True: a private address that was denied for ${USERS_OF_PROXY} or more SMTP users of the tenant. It is most likely your own proxy or NAT. No entry is suggested, because it would allow everyone behind the proxy. Configure the proxy to pass on the client’s address.`,
    }),
    suggestedEntries: z.array(suggestedEntry),
  }),
  order: { lastDeniedAt: isTime, ip: isText },
  filters: periodFields('Denied'),
});
export type DeniedIp = z.infer<typeof deniedIps.item>;
export type DeniedIpsParams = z.infer<typeof deniedIps.query>;

export class ListDeniedIps extends ListQuery<
  DeniedIp,
  { readonly tenantId: TenantId; readonly smtpUserId: string },
  DeniedIpsParams
> {}

/** A host's address of the other family is searched among this many recently denied addresses. */
const RECENT = 100;

@QueryHandler(ListDeniedIps)
export class ListDeniedIpsHandler implements IQueryHandler<ListDeniedIps> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  /** An address that is denied again moves to the front; a reader that has passed its page does not see it twice. */
  execute({ scope: { tenantId, smtpUserId }, params }: ListDeniedIps): Promise<Page<DeniedIp>> {
    return inTenant(this.dataSource, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      const read = await readRecords(manager, conditionsOf(smtpUserId, params), params.limit + 1);
      const { items, nextCursor } = pageOf(read, params, deniedIps.order);
      const recent = await readRecords(manager, conditionsOf(smtpUserId, {}), RECENT);
      const proxies = await findProxies(manager, tenantId, privateRanges([...items, ...recent]));
      const looksLikeProxy = ({ address }: DeniedIpRecord) => address !== null && proxies.has(address.text);
      const now = new Date();
      const wouldBeDenied = denialsOf(smtpUser, now);
      const stillDenied = new Set(items.filter(({ address }) => wouldBeDenied(address)));
      const lacking = items.filter((record) => stillDenied.has(record) && !looksLikeProxy(record)).filter(hasAddress);
      const around = ({ address }: DeniedAddress) => neighbourhood(address).text;
      const ranges = [...new Set(lacking.map(around))].filter((range) => !proxies.has(range));
      const neighbours = await countNeighbours(manager, smtpUserId, ranges);
      const known = { listed: liveFamilies(smtpUser, now), recent: recent.filter((record) => !looksLikeProxy(record)) };
      const suggested = new Map<DeniedIpRecord, ReturnType<typeof suggestEntries>>(
        lacking.map((record) => [
          record,
          suggestEntries(record, { ...known, neighbours: neighbours.get(around(record)) ?? 0 }),
        ]),
      );
      const shown = items.map((record) => {
        const { address: _, ...totals } = record;
        return {
          ...totals,
          stillDenied: stillDenied.has(record),
          looksLikeProxy: looksLikeProxy(record),
          suggestedEntries: suggested.get(record) ?? [],
        };
      });
      return { items: shown, nextCursor };
    });
  }
}

async function readRecords(manager: EntityManager, conditions: Sql[], limit: number): Promise<DeniedIpRecord[]> {
  const rows = await readRows<Omit<DeniedIpRecord, 'address'>>(
    manager,
    sql`SELECT ip, count::float8 AS count, first_denied_at AS "firstDeniedAt", last_denied_at AS "lastDeniedAt", relays, reasons
          FROM audit.denied_ips known
         WHERE ${join(conditions, ' AND ')} ORDER BY last_denied_at DESC, ip DESC LIMIT ${limit}`,
  );
  return rows.map((row) => {
    const address = parseAddress(row.ip);
    return { ...row, address: address.ok ? address.value : null };
  });
}

/** Uses the index `denied_ips_of_user`. */
function conditionsOf(smtpUserId: string, { from, to, cursor }: Partial<DeniedIpsParams>): Sql[] {
  const conditions = [sql`smtp_user_id = ${smtpUserId}`];
  if (from !== undefined) conditions.push(sql`last_denied_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`first_denied_at < ${to}::timestamptz`);
  if (from !== undefined && to !== undefined) conditions.push(deniedBetween(from, to));
  if (cursor) conditions.push(sql`(last_denied_at, ip) < (${cursor[0]}::timestamptz, ${cursor[1]})`);
  return conditions;
}

/** The totals have only the first and last denial: for a period between them, search the denials themselves. */
function deniedBetween(from: string, to: string): Sql {
  const within = sql`denial.smtp_user_id = known.smtp_user_id
    AND denial.occurred_at >= ${from}::timestamptz AND denial.occurred_at < ${to}::timestamptz
    AND denial.occurred_at >= (SELECT kept_from FROM audit.denial_retention)`;
  return sql`(first_denied_at >= ${from}::timestamptz OR last_denied_at < ${to}::timestamptz
    OR (address IS NOT NULL AND EXISTS (
          SELECT FROM audit.denials denial
           WHERE denial.tenant_id = known.tenant_id AND denial.address = known.address AND ${within}))
    OR (address IS NULL AND EXISTS (
          SELECT FROM audit.denials denial WHERE denial.address IS NULL AND denial.ip = known.ip AND ${within})))`;
}

function privateRanges(records: readonly DeniedIpRecord[]): string[] {
  const within = records.filter(hasAddress).filter(({ address }) => isPrivate(rangeOf(address)));
  return [...new Set(within.flatMap(({ address }) => [address.text, neighbourhood(address).text]))];
}

function hasAddress(record: DeniedIpRecord): record is DeniedAddress {
  return record.address !== null;
}

/** A removed user's logins are deferred like an unknown user's, so they are not denials. */
function denialsOf(smtpUser: KnownSmtpUser, now: Date): (address: IpAddress | null) => boolean {
  if (smtpUser.status !== 'registered') return () => false;
  const decide = accessAt(smtpUser, now);
  return (address) => decide(address).denial;
}

function liveFamilies(smtpUser: KnownSmtpUser, now: Date): ReadonlySet<Family> {
  const live = smtpUser.status === 'registered' ? smtpUser.entries.filter((entry) => isLive(entry, now)) : [];
  const ranges = live.map((entry) => parseRange(entry.range));
  return new Set(ranges.flatMap((range) => (range.ok ? [range.value.family] : [])));
}
