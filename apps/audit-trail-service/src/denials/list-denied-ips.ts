import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Described, Page } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { denialReasonView, integer, text, time, view } from '@postern/http';
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
type DeniedTotals = Described<z.ZodObject<typeof deniedTotals>>;

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
type TotalsParams = Pick<DeniedIpsParams, 'limit'> & Partial<DeniedIpsParams>;

export class ListDeniedIps extends ListQuery<DeniedIp, SmtpUserScope, DeniedIpsParams> {}

@QueryHandler(ListDeniedIps)
export class ListDeniedIpsHandler extends TenantReader implements IQueryHandler<ListDeniedIps> {
  /** An address that is denied again moves to the front; a reader that has passed its page does not see it twice. */
  execute({ scope: { tenantId, smtpUserId }, params }: ListDeniedIps): Promise<Page<DeniedIp>> {
    return inTenant(this.audit, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      const now = new Date();
      // A removed user's logins are deferred like an unknown user's, so they are not denials.
      const decide = smtpUser.status === 'registered' ? accessAt(smtpUser, now) : () => ({ denial: false });
      const { items, nextCursor } = pageOf(await readTotals(manager, smtpUserId, params), params, deniedIps.order);
      const records = items.map(addressed);
      const recent = (await readTotals(manager, smtpUserId, { limit: RECENT })).map(addressed);
      const addresses = [...records, ...recent].flatMap(({ address }) => address ?? []);
      const proxies = await findProxies(manager, tenantId, privateRanges(addresses));
      const networks = [...new Set(addresses.map(networkOf))].filter((network) => !proxies.has(network));
      const neighbours = await countNeighbours(manager, smtpUserId, networks);
      const isProxy = ({ address }: Denied) => address !== null && proxies.has(address.text);
      const around = { listed: liveFamilies(smtpUser, now), neighbours, recent: recent.filter((one) => !isProxy(one)) };
      const shown = records.map((denied): DeniedIp => {
        const stillDenied = decide(denied.address).denial;
        const looksLikeProxy = isProxy(denied);
        const suggestedEntries = stillDenied && !looksLikeProxy ? suggestEntries(denied, around) : [];
        return { ...denied.totals, stillDenied, looksLikeProxy, suggestedEntries };
      });
      return { items: shown, nextCursor };
    });
  }
}

interface Denied {
  readonly totals: DeniedTotals;
  /** Null if the text is not an address. */
  readonly address: IpAddress | null;
}

function addressed(totals: DeniedTotals): Denied {
  const parsed = parseAddress(totals.ip);
  return { totals, address: parsed.ok ? parsed.value : null };
}

interface Surroundings {
  /** The families of the entries that are live. */
  readonly listed: ReadonlySet<Family>;
  /** How many addresses of a network were denied. */
  readonly neighbours: ReadonlyMap<string, number>;
  readonly recent: readonly Denied[];
}

const SEVERAL = 3;
/** A host's address of the other family is searched among this many recently denied addresses. */
const RECENT = 100;
/** A host with both families tries one after the other (RFC 8305), and again with the next mail. */
const SAME_TIME_MS = 3_600_000;

/** The narrowest first. */
function suggestEntries(denied: Denied, { listed, neighbours, recent }: Surroundings): DeniedIp['suggestedEntries'] {
  const { address, totals } = denied;
  if (address === null) return [];
  const other: Family = address.family === 'IPv4' ? 'IPv6' : 'IPv4';
  const times = totals.count === 1 ? 'once' : `${totals.count} times`;
  const both = `The list has only ${other} ranges, and this is ${address.family}: a host that has both needs entries for both families.`;
  const isMissing = listed.has(other) && !listed.has(address.family);
  const itself = `The address itself, which was denied ${times}.`;
  const suggestions = [{ range: address.text, why: isMissing ? `${itself} ${both}` : itself, covers: 1 }];
  const network = networkOf(address);
  const covers = neighbours.get(network) ?? 0;
  if (covers >= SEVERAL) {
    const why = `${covers} addresses of ${network} were denied: if the complete network is yours, one entry covers them all.`;
    suggestions.push({ range: network, why, covers });
  }
  const twin = recent.find((one) => one.address?.family === other && isNear(one.totals, totals));
  if (twin?.address && !listed.has(other)) {
    const { text } = twin.address;
    const why = `${text} was denied about the same time: if it is the same host, it needs entries for both families, IPv4 and IPv6.`;
    suggestions.push({ range: text, why, covers: 1 });
  }
  return suggestions;
}

/** At the same relay, within an hour. */
function isNear(one: DeniedTotals, other: DeniedTotals): boolean {
  const apart = Math.abs(Date.parse(one.lastDeniedAt) - Date.parse(other.lastDeniedAt));
  return apart <= SAME_TIME_MS && one.relays.some((relay) => other.relays.includes(relay));
}

function liveFamilies(smtpUser: KnownSmtpUser, now: Date): ReadonlySet<Family> {
  const live = smtpUser.status === 'registered' ? smtpUser.entries.filter((entry) => isLive(entry, now)) : [];
  const ranges = live.map(({ range }) => parseRange(range));
  return new Set(ranges.flatMap((range) => (range.ok ? [range.value.family] : [])));
}

/** IPv4 /24, IPv6 /64. */
function networkOf(address: IpAddress): string {
  return neighbourhood(address).text;
}

function privateRanges(addresses: readonly IpAddress[]): string[] {
  const within = addresses.filter((address) => isPrivate(rangeOf(address)));
  return [...new Set(within.flatMap((address) => [address.text, networkOf(address)]))];
}

function readTotals(manager: EntityManager, smtpUserId: string, params: TotalsParams) {
  return readRows<DeniedTotals>(
    manager,
    sql`SELECT ip, count::float8 AS count, first_denied_at AS "firstDeniedAt", last_denied_at AS "lastDeniedAt", relays, reasons
          FROM audit.denied_ips known
         WHERE ${join(conditionsOf(smtpUserId, params), ' AND ')} ORDER BY last_denied_at DESC, ip DESC LIMIT ${params.limit + 1}`,
  );
}

/** Uses the index `denied_ips_of_user`. */
function conditionsOf(smtpUserId: string, { from, to, cursor }: TotalsParams): Sql[] {
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
