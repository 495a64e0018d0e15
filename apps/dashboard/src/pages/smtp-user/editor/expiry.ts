const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads when an entry ends: `2027-01-31T18:00:00Z`, a local `2027-01-31 18:00`, or `2027-01-31`, which is the end of that day.
 * @returns RFC 3339, UTC, milliseconds; null if the text is not a time
 */
export function readExpiry(text: string): string | null {
  const typed = text.trim();
  const [, year, month, day, hour, minute, , zone] = DATE.exec(typed) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  // `Date` reads 31 February as 3 March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day)) return null;
  if (hour === undefined || minute === undefined)
    return new Date(Number(year), Number(month) - 1, Number(day) + 1).toISOString();
  const iso = typed.replace(' ', 'T').replaceAll(' ', '');
  const time = new Date(zone === undefined ? iso : iso.replace(/([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase());
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
