import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { SourceHistogram, TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { text, time, view, integer } from '@postern/http';
import { knownSince, loginsByDay, observedSources } from '@postern/observed-logins';
import { refusedBy } from '@postern/restrictions';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';

const MAX_DAYS = 90;
const DAYS = `Give a whole number of days from 1 to ${MAX_DAYS}.`;
export const SourceHistogramAsked = z.strictObject({
  days: z
    .string()
    .regex(/^\d{1,2}$/, DAYS)
    .transform(Number)
    .refine((days) => days >= 1 && days <= MAX_DAYS, DAYS)
    .default(30)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_DAYS, default: 30, description: 'Up to today, by UTC.' }),
});

/** The members of `KnownSince`. */
const knownSinceFields = {
  since: time('2026-11-01T08:00:00.000Z', 'Since when any relay has reported logins; null: none ever has.').nullable(),
  silentRelays: z.array(text('mx3')).meta({
    description: 'The first hundred, by name, of the relays that had contact within a day and do not report logins.',
  }),
  notKept: integer(
    0,
    0,
    'Logins in the period from addresses beyond the 10,000 that are kept of a day. They are in no other number.',
  ),
};

export const sourceHistogramView = view<SourceHistogram>(
  'SourceHistogram',
  'Logins by day (UTC), and what the restriction of now would decide of each.',
  {
    days: z.array(
      z.object({
        day: z.iso.date().meta({ examples: ['2026-11-01'] }),
        allowed: integer(0, 12, 'Logins.'),
        refused: integer(0, 0, 'Logins that would be refused now.'),
      }),
    ),
    ...knownSinceFields,
  },
);

/** How often an SMTP user has logged in, by day. */
export class CountSources extends Query<SourceHistogram> {
  constructor(
    readonly tenantId: TenantId,
    readonly smtpUserId: string,
    readonly days: number,
  ) {
    super();
  }
}

const DAY_MS = 86_400_000;

@QueryHandler(CountSources)
export class CountSourcesHandler implements IQueryHandler<CountSources> {
  constructor(
    @InjectDataSource('postern_audit_reader') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_reader') private readonly logins: DataSource,
  ) {}

  /** Throws the problem `smtp-user-not-found`. */
  async execute({ tenantId, smtpUserId, days }: CountSources): Promise<SourceHistogram> {
    const smtpUser = await inTenant(this.audit, tenantId, (manager) => findSmtpUser(manager, smtpUserId));
    const now = new Date();
    const from = new Date(now.getTime() - (days - 1) * DAY_MS);
    return inTenant(this.logins, tenantId, async (manager) => {
      const refused =
        smtpUser.status === 'registered'
          ? refusedBy(smtpUser, await observedSources(manager, smtpUserId, from), now).map(({ ip }) => ip)
          : [];
      const counted = new Map(
        (await loginsByDay(manager, smtpUserId, from, refused)).map((counted) => [counted.day, counted]),
      );
      const histogram = Array.from({ length: days }, (_, i) => {
        const day = new Date(from.getTime() + i * DAY_MS).toISOString().slice(0, 10);
        const { logins, ofAddresses } = counted.get(day) ?? { logins: 0, ofAddresses: 0 };
        return { day, allowed: logins - ofAddresses, refused: ofAddresses };
      });
      return { days: histogram, ...(await knownSince(manager, smtpUserId, from)) };
    });
  }
}
