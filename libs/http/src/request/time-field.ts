import { utcTime } from '@postern/contracts';
import { z } from 'zod';

/** Normalised to UTC with milliseconds. */
export const timeField = z
  .string()
  .refine((text) => utcTime(text) !== null, {
    // The value is shown, because a `+` in a URL arrives as a blank.
    error: ({ input }) =>
      `Give a time as in RFC 3339, with its offset: 2030-01-31T12:00:00Z. This came: ${JSON.stringify(String(input).slice(0, 64))}.`,
    params: { code: 'validation-failed' },
  })
  .transform((text) => utcTime(text) ?? text)
  .meta({ format: 'date-time', examples: ['2030-01-31T12:00:00Z'] });
