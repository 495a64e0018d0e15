import { fieldCode } from '@postern/service-kit';
import { z } from 'zod';

/** RFC 3339, section 5.6, with the offset that it requires; `T` and `Z` may be small. A leap second has no place in a `Date`. */
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** The instant in UTC with milliseconds (further digits are cut off), or null for what is no RFC 3339 time. */
export function normaliseTime(text: string): string | null {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (year === undefined || !isDay(Number(year), Number(month), Number(day))) return null;
  const time = new Date(text.toUpperCase());
  // An offset can carry the first and the last day out of the years that RFC 3339 can write.
  const utc = time.getUTCFullYear();
  return utc >= 0 && utc <= 9999 ? time.toISOString() : null;
}

/** `new Date` takes 30 February for 2 March. */
function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

/** A time in a body, normalised to UTC. */
export const timeSchema = z
  .string()
  .refine(
    (text) => normaliseTime(text) !== null,
    fieldCode('validation-failed', 'Give a time as in RFC 3339, with its offset: 2030-01-31T12:00:00Z.'),
  )
  .transform((text) => normaliseTime(text) ?? text);
