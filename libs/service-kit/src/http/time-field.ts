import { utcTime } from '@postern/contracts';
import { z } from 'zod';
import { fieldCode } from './schema-pipe.js';

/** A time in a body or a query, normalised to UTC with milliseconds. */
export const timeField = z
  .string()
  .refine(
    (text) => utcTime(text) !== null,
    fieldCode('validation-failed', 'Give a time as in RFC 3339, with its offset: 2030-01-31T12:00:00Z.'),
  )
  .transform((text) => utcTime(text) ?? text)
  .meta({ format: 'date-time', examples: ['2030-01-31T12:00:00Z'] });
