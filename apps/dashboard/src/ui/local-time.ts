// What <input type="datetime-local"> has: a local time without its zone.

/** RFC 3339 as such a field shows it; empty where there is none. */
export function toField(time: string | undefined): string {
  if (time === undefined) return '';
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What such a field has, in RFC 3339; undefined where it is empty or no time. */
export function fromField(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
