import { z } from 'zod';

/** What a number in a setting may be, as people are told it. */
interface Rule {
  readonly form: RegExp;
  readonly allows: (number: number) => boolean;
  readonly told: string;
}

type NumberSetting = z.ZodType<number, string>;

/**
 * A whole number in decimal digits.
 * @param what as a phrase behind "a whole number": `of partitions`
 */
export function wholeNumber(from: number, to: number, what = ''): NumberSetting {
  return numberBy({
    form: /^\d{1,9}$/,
    allows: (number) => number >= from && number <= to,
    told: `a whole number ${what} from ${from} to ${to}`.replace('  ', ' '),
  });
}

/** The same, where 0 has a meaning of its own, which is told behind it: `to keep them for ever`. */
export function wholeNumberOrZero(from: number, to: number, what: string, zero: string): NumberSetting {
  return numberBy({
    form: /^\d{1,9}$/,
    allows: (number) => number === 0 || (number >= from && number <= to),
    told: `a whole number ${what} from ${from} to ${to}, or 0 ${zero}`.replace('  ', ' '),
  });
}

/** Requests a second, also fewer than one: `0.5`. */
export function requestsPerSecond(most: number): NumberSetting {
  return numberBy({
    form: /^\d{1,9}(\.\d{1,6})?$/,
    allows: (number) => number <= most,
    told: `a number of requests per second up to ${most}, or 0 for no limit`,
  });
}

function numberBy({ form, allows, told }: Rule): NumberSetting {
  return z.string().regex(form, `must be ${told}`).transform(Number).refine(allows, `must be ${told}`);
}
