import { MODES, utcTime } from '@postern/contracts';
import { MAX_ENTRIES, MAX_NOTE_LENGTH, type RequestedEntry } from '@postern/restrictions';
import { z } from 'zod';
import { documentedAs } from '../openapi/json-schema.js';
import { fieldCode } from './schema-pipe.js';

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

/** Longer than any address with a prefix, so that mistakes are explained too. */
export const LONGEST_RANGE = 200;

const HOW_MANY = `A restriction has at most ${MAX_ENTRIES} entries. Use wider ranges, or send fewer.`;

const entries: z.ZodType<RequestedEntry[], unknown[]> = z.array(
  z.strictObject({
    range: z
      .string()
      .refine(
        (text) => text.length <= LONGEST_RANGE,
        fieldCode('range-invalid', `No address or range has more than ${LONGEST_RANGE} characters.`),
      )
      .meta({
        maxLength: LONGEST_RANGE,
        description: 'An IPv4 or IPv6 address, or a CIDR range without host bits.',
        examples: ['203.0.113.42'],
      }),
    note: z
      .string()
      .max(MAX_NOTE_LENGTH, `A note has at most ${MAX_NOTE_LENGTH} characters.`)
      .nullish()
      .meta({ examples: ['office'] }),
    expiresAt: timeField.nullish().meta({ description: 'By default, or null: never.' }),
  }),
);

/** Their number is checked first: zod reports every error of every entry, which takes seconds for empty ones. */
export const entriesSchema: z.ZodType<RequestedEntry[]> = documentedAs(
  z
    .array(z.unknown())
    .refine((list) => list.length <= MAX_ENTRIES, fieldCode('too-many-entries', HOW_MANY))
    .pipe(entries),
  entries,
);

export const modeSchema = z.enum(MODES, `One of: ${MODES.join(', ')}.`);

export const enforceAtSchema = timeField.nullish().meta({
  description:
    'The end of `report-only`: from this time on, relays enforce the list. It must be in the future, at most a year ahead. Null or missing: no end.',
});
