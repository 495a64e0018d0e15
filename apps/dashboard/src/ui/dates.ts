const DATE_TIME = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;

/** RFC 3339 as *29 Nov 2026, 14:02*, in the local zone. */
export const dateTime = (time: string): string => new Date(time).toLocaleString('en-GB', DATE_TIME);

/** *14:02* of a time in RFC 3339 or milliseconds since 1970, in the local zone. */
export const timeOfDay = (time: string | number): string =>
  new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** *now*, *5 minutes ago*, *in 3 days*: in the largest unit that is at least one, rounded down. */
export function relativeTime(date: Date, now: Date): string {
  const seconds = (date.getTime() - now.getTime()) / 1_000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return seconds > 0 ? 'in less than a minute' : 'just now';
}

/** The time in so many days, in RFC 3339. Negative: so many days ago. */
export const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

// `<input type="datetime-local">` has a local time without its zone.

/** From RFC 3339 to such a field; empty if there is none. */
export function toField(time: string | undefined): string {
  if (time === undefined) return '';
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** From such a field to RFC 3339; undefined if it is empty or invalid. */
export function fromField(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
