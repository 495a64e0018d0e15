import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Described, Page } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { denialReasonView, integer, text, time, view } from '@postern/http';
import { isPrivate, neighbourhood, parseAddress, rangeOf, type IpAddress } from '@postern/ip-ranges';
import { defineList, isText, isTime, ListQuery, pageOf, periodFields, readRows } from '@postern/lists';
import { accessAt } from '@postern/restrictions';
import sql, { join, type Sql } from 'sql-template-tag';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SmtpUserScope } from '../scope.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { TenantReader } from '../tenant-reader.js';
import { countNeighbours, findProxies, MAX_NEIGHBOURS, USERS_OF_PROXY } from './neighbours.js';

const deniedTotals = {
  ip: text('203.0.113.9'),
  count: integer(1, 12, 'Logins.'),
  firstDeniedAt: time('2026-11-01T08:00:00.000Z'),
  lastDeniedAt: time('2026-11-02T09:30:00.000Z'),
  relays: z.array(text('mx1')),
  reasons: z.array(denialReasonView),
};

const suggestedEntry = view('SuggestedEntry', 'An entry that would allow the address.', {
  range: text('203.0.113.9', 'The address or range in canonical form, as in an entry.'),
  why: text('It is the address itself.'),
  covers: integer(
    1,
    1,
    `How many denied addresses of this SMTP user the range covers. Counting ends at ${MAX_NEIGHBOURS}.`,
  ),
});

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

export class ListDeniedIps extends ListQuery<DeniedIp, SmtpUserScope, DeniedIpsParams> {}

@QueryHandler(ListDeniedIps)
export class ListDeniedIpsHandler extends TenantReader implements IQueryHandler<ListDeniedIps> {
  /** An address that is denied again moves to the front; a reader that has passed its page does not see it twice. */
  execute({ scope: { tenantId, smtpUserId }, params }: ListDeniedIps): Promise<Page<DeniedIp>> {
    return inTenant(this.audit, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      // A removed user's logins are deferred like an unknown user's, so they are not denials.
      const decide = smtpUser.status === 'registered' ? accessAt(smtpUser, new Date()) : () => ({ denial: false });
      const { items, nextCursor } = pageOf(await readTotals(manager, smtpUserId, params), params, deniedIps.order);
      const records = items.map((totals) => {
        const parsed = parseAddress(totals.ip);
        const address = parsed.ok ? parsed.value : null;
        return { totals, address, stillDenied: decide(address).denial };
      });
      const addresses = records.flatMap(({ address }) => address ?? []);
      const proxies = await findProxies(manager, tenantId, privateRanges(addresses));
      const networks = [...new Set(addresses.map(networkOf))].filter((network) => !proxies.has(network));
      const neighbours = await countNeighbours(manager, smtpUserId, networks);
      const shown = records.map(({ totals, address, stillDenied }): DeniedIp => {
        const looksLikeProxy = address !== null && proxies.has(address.text);
        const suggestedEntries =
          address !== null && stillDenied && !looksLikeProxy
            ? suggestEntries(address, totals.count, neighbours.get(networkOf(address)) ?? 0)
            : [];
        return { ...totals, stillDenied, looksLikeProxy, suggestedEntries };
      });
      return { items: shown, nextCursor };
    });
  }
}

/** The narrowest first. */
function suggestEntries(address: IpAddress, count: number, neighbours: number): DeniedIp['suggestedEntries'] {
  const times = count === 1 ? 'once' : `${count} times`;
  const itself = { range: address.text, why: `The address itself, which was denied ${times}.`, covers: 1 };
  if (neighbours < SEVERAL) return [itself];
  const network = networkOf(address);
  const why = `${neighbours} addresses of ${network} were denied: if the complete network is yours, one entry covers them all.`;
  return [itself, { range: network, why, covers: neighbours }];
}

const SEVERAL = 3;

/** IPv4 /24, IPv6 /64. */
function networkOf(address: IpAddress): string {
  return neighbourhood(address).text;
}

function privateRanges(addresses: readonly IpAddress[]): string[] {
  const within = addresses.filter((address) => isPrivate(rangeOf(address)));
  return [...new Set(within.flatMap((address) => [address.text, networkOf(address)]))];
}

function readTotals(manager: EntityManager, smtpUserId: string, params: DeniedIpsParams) {
  return readRows<Described<z.ZodObject<typeof deniedTotals>>>(
    manager,
    sql`SELECT ip, count::float8 AS count, first_denied_at AS "firstDeniedAt", last_denied_at AS "lastDeniedAt", relays, reasons
          FROM audit.denied_ips known
         WHERE ${join(conditionsOf(smtpUserId, params), ' AND ')} ORDER BY last_denied_at DESC, ip DESC LIMIT ${params.limit + 1}`,
  );
}

/** Uses the index `denied_ips_of_user`. */
function conditionsOf(smtpUserId: string, { from, to, cursor }: DeniedIpsParams): Sql[] {
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
