import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { decisionView, entryView, reasonView, text, time, view, integer } from '@postern/http';
import { parseAddress } from '@postern/ip-ranges';
import { defineList, isTime, ListQuery, pageOf, periodFields } from '@postern/lists';
import { findSources, MAX_SOURCES, type ObservedSource } from '@postern/observed-logins';
import type { KnownSmtpUser } from '@postern/read-models';
import { accessAt, decideAccess, entryView as shownEntry } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { denialFilters } from '../denials/list-denials.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';

/** The addresses from which an SMTP user has logged in, the latest first, as pages, NDJSON or CSV. */
export const sources = defineList({
  name: 'sources',
  page: 'SourcePage',
  item: view('Source', 'An address from which an SMTP user has logged in. Times are hours.', {
    ip: text('203.0.113.9', 'The address in canonical form.'),
    logins: integer(1, 12),
    firstSeenAt: time('2026-11-01T08:00:00.000Z'),
    lastSeenAt: time('2026-11-02T09:00:00.000Z'),
    relays: z.array(text('mx1')).meta({ description: 'At most the first ten of each day.' }),
    decision: decisionView.meta({ description: 'The decision for a login from this address now.' }),
    reason: reasonView,
    matched: entryView.nullable().meta({ description: 'The entry that allows the address now.' }),
  }),
  order: { lastSeenAt: isTime, ip: (value) => parseAddress(value).ok },
  filters: {
    ...periodFields('Logged in'),
    ip: denialFilters.ip,
    decision: z
      .enum(['allow', 'deny', 'defer'], 'Give allow, deny or defer.')
      .optional()
      .meta({ description: 'The decision for a login from there now.' }),
  },
  columns: ['ip', 'firstSeenAt', 'lastSeenAt', 'logins', 'relays', 'decision', 'reason', 'matched.range'],
});
export type Source = z.infer<typeof sources.item>;
export type SourcesParams = z.infer<typeof sources.query>;

export class ListSources extends ListQuery<
  Source,
  { readonly tenantId: TenantId; readonly smtpUserId: string },
  SourcesParams
> {}

@QueryHandler(ListSources)
export class ListSourcesHandler implements IQueryHandler<ListSources> {
  constructor(
    @InjectDataSource('postern_audit_reader') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_reader') private readonly logins: DataSource,
  ) {}

  /** An address that logs in again moves to the first page. A client that already reads later pages does not get it twice. */
  async execute({ scope: { tenantId, smtpUserId }, params }: ListSources): Promise<Page<Source>> {
    const smtpUser = await inTenant(this.audit, tenantId, (manager) => findSmtpUser(manager, smtpUserId));
    const decide = decider(smtpUser, new Date());
    const { decision, limit, from, to, ip, cursor } = params;
    // The decision is in no index, so a filter on it reads more rows and leaves most of them out.
    const atOnce = decision === undefined ? limit + 1 : MAX_SOURCES;
    const found: Source[] = [];
    let after = cursor && { lastSeenAt: cursor[0] ?? '', ip: cursor[1] ?? '' };
    for (let more = true; more && found.length <= limit;) {
      const requested = { from, to, range: ip?.text, after };
      const read = await inTenant(this.logins, tenantId, (manager) =>
        findSources(manager, smtpUserId, requested, atOnce),
      );
      for (const source of read) {
        const decided = decide(source);
        if (decision === undefined || decided.decision === decision) found.push(decided);
      }
      more = read.length === atOnce;
      after = read.at(-1);
    }
    return pageOf(found, params, sources.order);
  }
}

/** Returns a function that adds to a source what would be decided of a login from there. A removed user counts as unknown. */
function decider(smtpUser: KnownSmtpUser, at: Date): (source: ObservedSource) => Source {
  const user = smtpUser.status === 'registered' ? smtpUser : null;
  const access = user === null ? () => decideAccess(null, null, at) : accessAt(user, at);
  return (source) => {
    const address = parseAddress(source.ip);
    const { decision, reason, matched } = access(address.ok ? address.value : null);
    const entry = matched === null ? undefined : user?.entries[matched];
    return { ...source, decision, reason, matched: entry ? shownEntry(entry, at) : null };
  };
}
