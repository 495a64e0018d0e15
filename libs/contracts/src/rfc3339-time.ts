/** RFC 3339, section 5.6, with the offset that it requires; `T` and `Z` may be small. A leap second has no place in a `Date`. */
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads an RFC 3339 time, of any offset, and writes it in UTC with milliseconds (further digits are cut off).
 * By itself `Date` would take `1` for the year 2001 in the machine's own zone, and 30 February for 2 March.
 * @returns `2030-01-31T18:00:00.000Z`, or null for anything else
 */
export function utcTime(text: string): string | null {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (year === undefined || !isDay(Number(year), Number(month), Number(day))) return null;
  const time = new Date(text.toUpperCase());
  // An offset can carry the last day out of the years that RFC 3339 can write; and PostgreSQL has no year 0.
  const utc = time.getUTCFullYear();
  return utc >= 1 && utc <= 9999 ? time.toISOString() : null;
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}
