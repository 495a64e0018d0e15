import { fieldCode } from '@postern/http';
import { z } from 'zod';

/** Control characters break logs and CSV; NUL and halves of surrogate pairs cannot be stored in `jsonb` at all. */
const CONTROL = /\p{Cc}/u;

/** Free text of people, such as a name: 1 to `longest` UTF-16 units on one line, and not only white space. */
export function plainText(longest: number): z.ZodType<string, string> {
  return z
    .string()
    .max(longest, `At most ${longest} characters.`)
    .refine((text) => text.trim() !== '', fieldCode('validation-failed', 'This may not be blank.'))
    .refine(isPlain, fieldCode('validation-failed', 'Control characters and broken Unicode are not accepted here.'))
    .meta({ minLength: 1, maxLength: longest, examples: ['mx1'] });
}

export function isPlain(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text);
}

/** What somebody else's program sent, made fit to be stored: what cannot be stored becomes U+FFFD, and no more than `longest` units. */
export function storable(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\uFFFD');
}
