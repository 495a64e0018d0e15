import { MAX_NOTE_LENGTH, type WantedEntry } from '@postern/restrictions';
import { fieldCode, timeField } from '@postern/service-kit';
import { z } from 'zod';
import { isPlain } from '../http/plain-text.js';

/** Longer than any address with a prefix, so that a mistake is still read and explained, but no essay. */
export const LONGEST_RANGE = 200;

/** Entries in a body. What a range says, how many there may be and whether a time is past, is the domain's to judge. */
export const entriesSchema: z.ZodType<WantedEntry[]> = z.array(
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
      .refine(
        (text) => isPlain(text.replaceAll(/[\t\n\r]/g, ' ')),
        fieldCode('validation-failed', 'Control characters and broken Unicode are not accepted here.'),
      )
      .nullish()
      .meta({ examples: ['office'] }),
    expiresAt: timeField.nullish().meta({ description: 'Null or left out: never.' }),
  }),
);
