import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { inTenant } from '@postern/database';
import { integer, view } from '@postern/http';
import { ScopedQuery } from '@postern/lists';
import { loginCoverage, loginsByDay } from '@postern/observed-logins';
import { ALL_ADDRESSES, allowedRanges } from '@postern/restrictions';
import { z } from 'zod';
import type { SmtpUserScope } from '../scope.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { TenantReader } from '../tenant-reader.js';
import { DAY_MS, type DaysParams, loginCoverageFields, observedFrom } from './login-period.js';

export const sourceHistogramView = view(
  'SourceHistogram',
  'Logins by day (UTC), divided by what the current restriction would decide.',
  {
    days: z.array(
      z.object({
        day: z.iso.date().meta({ examples: ['2026-11-01'] }),
        allowed: integer(0, 12, 'Logins.'),
        refused: integer(0, 0, 'Logins that would be refused now.'),
      }),
    ),
    ...loginCoverageFields,
  },
);
export type SourceHistogram = z.infer<typeof sourceHistogramView>;

/** How often an SMTP user has logged in, by day. */
export class CountSources extends ScopedQuery<SourceHistogram, SmtpUserScope, DaysParams> {}

@QueryHandler(CountSources)
export class CountSourcesHandler extends TenantReader implements IQueryHandler<CountSources> {
  /** @throws `smtp-user-not-found`. */
  execute({ scope: { tenantId, smtpUserId }, params: { days } }: CountSources): Promise<SourceHistogram> {
    const now = new Date();
    const from = observedFrom(days - 1, now);
    return inTenant(this.audit, tenantId, async (manager) => {
      const smtpUser = await findSmtpUser(manager, smtpUserId);
      const ranges = smtpUser.status === 'registered' ? allowedRanges(smtpUser, now) : ALL_ADDRESSES;
      const counted = await loginsByDay(manager, smtpUserId, from, ranges);
      const histogram = Array.from({ length: days }, (_, i) => {
        const day = new Date(from.getTime() + i * DAY_MS).toISOString().slice(0, 10);
        return counted.find((each) => each.day === day) ?? { day, allowed: 0, refused: 0 };
      });
      return { days: histogram, ...(await loginCoverage(manager, smtpUserId, from)) };
    });
  }
}
