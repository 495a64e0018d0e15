import { fieldCode } from '@postern/http';
import { z } from 'zod';

/** Control characters break logs and CSV; `jsonb` cannot store NUL and unpaired surrogates. */
const CONTROL = /\p{Cc}/u;

/** Text of people, such as a name: 1 to `longest` UTF-16 units, one line, not only white space. */
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

/** Replaces what cannot be stored by U+FFFD, and cuts the text at `longest` UTF-16 units. */
export function storable(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\uFFFD');
}
