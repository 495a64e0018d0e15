import { z } from 'zod';

const DETAIL = 'Give a time as in RFC 3339, with its offset: 2030-01-31T12:00:00Z.';

/** A time in a query, in UTC with milliseconds. */
export const queryTime = z.iso.datetime({ offset: true, error: DETAIL }).transform((text, context) => {
  const time = new Date(text);
  if (time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999) return time.toISOString();
  context.addIssue({ code: 'custom', message: DETAIL });
  return z.NEVER;
});
