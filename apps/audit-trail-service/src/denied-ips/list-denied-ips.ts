import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { TenantId, Page, DeniedIp, SuggestedEntry } from '@postern/contracts';
import { type PageRequest, pageOf } from '@postern/lists';
import { InjectDataSource } from '@nestjs/typeorm';
import { inTenant } from '@postern/database';
import { isPrivate, neighbourhood, parseRange, rangeOf, type Family, type IpAddress } from '@postern/ip-ranges';
import { decideAccess, isLive } from '@postern/restrictions';
import type { DataSource, EntityManager } from 'typeorm';
import { type Period, countNeighbours, readDeniedIps, type DeniedIpRecord, findProxies } from './denied-ip-record.js';
import { suggestEntries } from './suggest-entries.js';
import { findSmtpUser, type KnownSmtpUser } from '../smtp-user/find-smtp-user.js';

/** The columns of CSV. */
export const DENIED_IP_COLUMNS = [
  'ip',
  'count',
  'firstDeniedAt',
  'lastDeniedAt',
  'relays',
  'reasons',
  'stillDenied',
  'looksLikeProxy',
  'suggestedEntries',
] as const satisfies readonly (keyof DeniedIp)[];

/** The addresses from which an SMTP user was denied, the latest first. */
export class ListDeniedIps extends Query<Page<DeniedIp>> {
  constructor(
    readonly tenantId: TenantId,
    readonly smtpUserId: string,
    readonly page: PageRequest,
    readonly period: Period,
  ) {
    super();
  }
}

/** Among so many of the addresses that were denied last a host's other family is looked for. */
const RECENT = 100;

@QueryHandler(ListDeniedIps)
export class ListDeniedIpsHandler implements IQueryHandler<ListDeniedIps> {
  constructor(@InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource) {}

  execute({ tenantId, smtpUserId, page, period }: ListDeniedIps): Promise<Page<DeniedIp>> {
    return inTenant(this.dataSource, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      const records = await readDeniedIps(manager, smtpUserId, period, { ...page, limit: page.limit + 1 });
      const { items, nextCursor } = pageOf(records, page.limit, (record) => [record.lastDeniedAt, record.ip]);
      const now = new Date();
      const stillDenied = new Set(items.filter((record) => wouldBeDenied(smtpUser, record.address, now)));
      const recent = await readDeniedIps(manager, smtpUserId, {}, { limit: RECENT, after: null });
      const proxies = await findProxies(manager, tenantId, privateRanges([...items, ...recent]));
      const looksLikeProxy = ({ address }: DeniedIpRecord) => address !== null && proxies.has(address.text);
      const suggestions = await this.suggest(
        manager,
        smtpUser,
        [...stillDenied].filter(hasAddress).filter((record) => !looksLikeProxy(record)),
        { now, proxies, recent: recent.filter((record) => !looksLikeProxy(record)) },
      );
      const shown = items.map((record) => ({
        ip: record.ip,
        count: record.count,
        firstDeniedAt: record.firstDeniedAt,
        lastDeniedAt: record.lastDeniedAt,
        relays: record.relays,
        reasons: record.reasons,
        stillDenied: stillDenied.has(record),
        looksLikeProxy: looksLikeProxy(record),
        suggestedEntries: suggestions.get(record) ?? [],
      }));
      return { items: shown, nextCursor };
    });
  }

  private async suggest(
    manager: EntityManager,
    smtpUser: KnownSmtpUser,
    denied: readonly WithAddress[],
    { now, proxies, recent }: Known,
  ): Promise<Map<DeniedIpRecord, SuggestedEntry[]>> {
    if (denied.length === 0) return new Map();
    const around = (record: WithAddress) => neighbourhood(record.address).text;
    const ranges = [...new Set(denied.map(around))].filter((range) => !proxies.has(range));
    const neighbours = await countNeighbours(manager, smtpUser.smtpUserId, ranges);
    const listed = liveFamilies(smtpUser, now);
    return new Map(
      denied.map((record) => {
        const surroundings = { listed, recent, neighbours: neighbours.get(around(record)) ?? 0 };
        return [record, suggestEntries(record, surroundings)];
      }),
    );
  }
}

type WithAddress = DeniedIpRecord & { readonly address: IpAddress };

/** What suggestions are made from, of the whole page. */
interface Known {
  readonly now: Date;
  /** Addresses that look like a proxy, and neighbourhoods with one: neither is suggested. */
  readonly proxies: ReadonlySet<string>;
  readonly recent: readonly DeniedIpRecord[];
}

/** The private addresses and their neighbourhoods, each once. */
function privateRanges(records: readonly DeniedIpRecord[]): string[] {
  const addresses = records.filter(hasAddress).map(({ address }) => address);
  const within = addresses.filter((address) => isPrivate(rangeOf(address)));
  return [...new Set(within.flatMap((address) => [address.text, neighbourhood(address).text]))];
}

function hasAddress(record: DeniedIpRecord): record is WithAddress {
  return record.address !== null;
}

/** A removed user's logins are deferred, as an unknown one's, and no denials. */
function wouldBeDenied(smtpUser: KnownSmtpUser, address: IpAddress | null, now: Date): boolean {
  return smtpUser.status === 'registered' && decideAccess(smtpUser, address, now).denial;
}

function liveFamilies(smtpUser: KnownSmtpUser, now: Date): ReadonlySet<Family> {
  const live = smtpUser.status === 'registered' ? smtpUser.entries.filter((entry) => isLive(entry, now)) : [];
  const ranges = live.map((entry) => parseRange(entry.range));
  return new Set(ranges.flatMap((range) => (range.ok ? [range.value.family] : [])));
}
