import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { text, view, integer } from '@postern/http';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { presentSmtpUser, type SmtpUserQuery } from '../smtp-user/find-smtp-user.js';
import { loginCoverageFields, recentSources, sumOfLogins } from '../sources/recent-sources.js';
import { suggestedRange, suggestRanges } from './suggest-ranges.js';

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

export class SuggestRestriction extends Query<SuggestedRestriction> {
  constructor(
    readonly user: SmtpUserQuery,
    readonly days: number,
  ) {
    super();
  }
}

@QueryHandler(SuggestRestriction)
export class SuggestRestrictionHandler implements IQueryHandler<SuggestRestriction> {
  constructor(
    @InjectDataSource('postern_audit_reader') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_reader') private readonly logins: DataSource,
  ) {}

  /** @throws `smtp-user-not-found`; `read-side-behind`. */
  async execute({ user, days }: SuggestRestriction): Promise<SuggestedRestriction> {
    await presentSmtpUser(this.audit, user);
    const { sources, ...known } = await recentSources(this.logins, user, days);
    const { ranges, left } = suggestRanges(sources);
    return {
      ranges,
      left: left.slice(0, MAX_LEFT).map(({ ip, logins }) => ({ ip, logins })),
      leftAddresses: left.length,
      leftLogins: sumOfLogins(left),
      logins: sumOfLogins(sources),
      ...known,
    };
  }
}
