import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Page } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { decisionView, entryView, rangeField, reasonView, text, time, view, integer } from '@postern/http';
import { parseAddress } from '@postern/ip-ranges';
import { defineList, isTime, ListQuery, pageOf, periodFields } from '@postern/lists';
import { findSources } from '@postern/observed-logins';
import { accessAt, allowedRanges, decideAccess, entryView as shownEntry } from '@postern/restrictions';
import { z } from 'zod';
import type { SmtpUserScope } from '../scope.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { TenantReader } from '../tenant-reader.js';

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
    ip: rangeField.optional().meta({ description: 'An address or a range.', examples: ['203.0.113.0/24'] }),
    decision: z
      .enum(['allow', 'deny', 'defer'], 'Give allow, deny or defer.')
      .optional()
      .meta({ description: 'The decision for a login from there now.' }),
  },
  columns: ['ip', 'firstSeenAt', 'lastSeenAt', 'logins', 'relays', 'decision', 'reason', 'matched.range'],
});
export type Source = z.infer<typeof sources.item>;
export type SourcesParams = z.infer<typeof sources.query>;

export class ListSources extends ListQuery<Source, SmtpUserScope, SourcesParams> {}

@QueryHandler(ListSources)
export class ListSourcesHandler extends TenantReader implements IQueryHandler<ListSources> {
  /** An address that logs in again moves to the first page. A client that already reads later pages does not get it twice. */
  execute({ scope: { tenantId, smtpUserId }, params }: ListSources): Promise<Page<Source>> {
    const now = new Date();
    return inTenant(this.audit, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      // A removed user counts as unknown.
      const user = smtpUser.status === 'registered' ? smtpUser : null;
      const { decision, limit, from, to, ip, cursor } = params;
      // Logins of an unknown user are deferred, and no others.
      if (decision !== undefined && (decision === 'defer') !== (user === null)) return { items: [], nextCursor: null };
      const allowed =
        decision && user ? { ranges: allowedRanges(user, now), contain: decision === 'allow' } : undefined;
      const after = cursor && { lastSeenAt: cursor[0] ?? '', ip: cursor[1] ?? '' };
      const found = await findSources(manager, smtpUserId, { from, to, range: ip?.text, allowed, after }, limit + 1);
      const decide = user === null ? () => decideAccess(null, null, now) : accessAt(user, now);
      const decided = found.map((source): Source => {
        const address = parseAddress(source.ip);
        const { decision, reason, matched } = decide(address.ok ? address.value : null);
        const entry = matched === null ? undefined : user?.entries[matched];
        return { ...source, decision, reason, matched: entry ? shownEntry(entry, now) : null };
      });
      return pageOf(decided, params, sources.order);
    });
  }
}
