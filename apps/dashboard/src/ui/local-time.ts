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
