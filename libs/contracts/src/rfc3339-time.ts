/** RFC 3339, section 5.6. `T` and `Z` may be lower case. A `Date` cannot represent a leap second. */
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** UTC with milliseconds (cutting further digits), or null. `Date` alone would read `1` as 2001 in the local zone, and 30 February as 2 March. */
export function utcTime(text: string): string | null {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (year === undefined || !isDay(Number(year), Number(month), Number(day))) return null;
  const time = new Date(text.toUpperCase());
  // An offset can move the last day out of the years of RFC 3339; PostgreSQL has no year 0.
  const utc = time.getUTCFullYear();
  return utc >= 1 && utc <= 9999 ? time.toISOString() : null;
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}
