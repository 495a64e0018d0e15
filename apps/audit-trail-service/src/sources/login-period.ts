import { text, time, integer } from '@postern/http';
import { numberField } from '@postern/lists';
import { z } from 'zod';

export const DAY_MS = 86_400_000;
/** Observed sources are kept this long by default. */
export const MAX_DAYS = 90;

export const daysField = numberField(MAX_DAYS, 'days');

export const DaysParams = z.strictObject({
  days: daysField.default(30).meta({
    type: 'integer',
    minimum: 1,
    maximum: MAX_DAYS,
    default: 30,
    description: 'The period of the logins in days (UTC), up to today.',
  }),
});

export type DaysParams = z.infer<typeof DaysParams>;

export const loginCoverageFields = {
  since: time('2026-11-01T08:00:00.000Z', 'Since when any relay has reported logins; null: none ever has.').nullable(),
  silentRelays: z.array(text('mx3')).meta({
    description: 'Relays that had contact within a day but do not report logins, by name; at most 100.',
  }),
  notKept: integer(
    0,
    0,
    'Logins in the period from addresses beyond the 10,000 that are kept per day. No other number includes them.',
  ),
};

export function observedFrom(days: number, now: Date): Date {
  return new Date(now.getTime() - days * DAY_MS);
}
