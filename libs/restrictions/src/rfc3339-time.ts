const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/**
 * Reads an RFC 3339 time, of any offset, and writes it in UTC with milliseconds.
 * By itself `Date` would take `1` for the year 2001 in the machine's own zone, and 30 February for 2 March.
 * @returns `2030-01-31T18:00:00.000Z`, or null for anything else
 */
export function utcTime(text: string): string | null {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return null;
  const time = new Date(year === undefined ? Number.NaN : text);
  // An offset can carry the year past 9999, which RFC 3339 cannot write.
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() > 9999 ? null : time.toISOString();
}
