import { utcTime } from '@postern/contracts';
import { z } from 'zod';

/** A time in a body or a query, normalised to UTC with milliseconds. */
export const timeField = z
  .string()
  .refine((text) => utcTime(text) !== null, {
    // What came is shown: a `+` in a URL arrives as a blank.
    error: ({ input }) =>
      `Give a time as in RFC 3339, with its offset: 2030-01-31T12:00:00Z. This came: ${JSON.stringify(String(input).slice(0, 64))}.`,
    params: { code: 'validation-failed' },
  })
  .transform((text) => utcTime(text) ?? text)
  .meta({ format: 'date-time', examples: ['2030-01-31T12:00:00Z'] });

/** `?from=` and `?to=` of a list of what `Occurred`. */
export const periodFields = (happened = 'Occurred') => ({
  from: timeField.optional().meta({ description: `${happened} then or later.`, examples: ['2026-11-01T00:00:00Z'] }),
  to: timeField.optional().meta({ description: `${happened} before then.`, examples: ['2026-12-01T00:00:00Z'] }),
});

/** A period that ends before it begins would be an empty list, which looks like an answer. */
export function periodInOrder(query: object): boolean {
  const { from, to } = query as { readonly from?: string; readonly to?: string };
  return from === undefined || to === undefined || from <= to;
}
export const PERIOD_NOT_IN_ORDER = {
  path: ['to'],
  error: '`to` is before `from`. Give a later `to`, or exchange the two.',
};
