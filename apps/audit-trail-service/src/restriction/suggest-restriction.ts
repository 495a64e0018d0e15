import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { inTenant } from '@postern/database';
import { text, view, integer } from '@postern/http';
import { ScopedQuery } from '@postern/lists';
import { loginCoverage, MAX_SOURCES, refusedSources } from '@postern/observed-logins';
import { z } from 'zod';
import { presentSmtpUser, type SmtpUserQuery } from '../smtp-user/find-smtp-user.js';
import { type DaysParams, loginCoverageFields, observedFrom } from '../sources/login-period.js';
import { TenantReader } from '../tenant-reader.js';
import { suggestedRange, suggestRanges, sumOfLogins } from './suggest-ranges.js';

const MAX_LEFT = 100;

export const suggestedRestrictionView = view(
  'SuggestedRestriction',
  'A short list of ranges that covers most logins of an SMTP user.',
  {
    ranges: z
      .array(suggestedRange)
      .meta({ description: 'The ranges with the most logins first, at most 1,000. None is wider than /24 or /64.' }),
    left: z
      .array(z.object({ ip: text('198.51.100.7'), logins: integer(1, 1) }))
      .meta({ description: `The addresses that no range covers, the latest first, at most ${MAX_LEFT}.` }),
    leftAddresses: integer(0, 1, 'The number of all addresses that no range covers; `left` may list fewer.'),
    leftLogins: integer(0, 1, 'The logins from all addresses that no range covers.'),
    logins: integer(0, 160, 'All logins in the period.'),
    ...loginCoverageFields,
  },
);
export type SuggestedRestriction = z.infer<typeof suggestedRestrictionView>;

export class SuggestRestriction extends ScopedQuery<SuggestedRestriction, SmtpUserQuery, DaysParams> {}

@QueryHandler(SuggestRestriction)
export class SuggestRestrictionHandler extends TenantReader implements IQueryHandler<SuggestRestriction> {
  /** @throws `smtp-user-not-found`; `read-side-behind`. */
  async execute({ scope: user, params: { days } }: SuggestRestriction): Promise<SuggestedRestriction> {
    await presentSmtpUser(this.audit, user);
    const from = observedFrom(days, new Date());
    return inTenant(this.audit, user.tenantId, async (manager) => {
      // Without an allowed range, all sources are refused.
      const all = await refusedSources(manager, user.smtpUserId, from, [], MAX_SOURCES);
      const known = await loginCoverage(manager, user.smtpUserId, from);
      const { ranges, left } = suggestRanges(all.addresses);
      const logins = sumOfLogins(all.addresses);
      return {
        ranges,
        left: left.slice(0, MAX_LEFT).map(({ ip, logins }) => ({ ip, logins })),
        leftAddresses: left.length,
        leftLogins: sumOfLogins(left),
        logins,
        ...known,
        notKept: known.notKept + all.logins - logins,
      };
    });
  }
}
