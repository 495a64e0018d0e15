/** By class: controls, invisible formats (such as the marks that turn the direction of writing), line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text that others wrote (a note, a relay's name, what a client gave for an address), for a terminal: what would move
 * the cursor, colour or hide something there is shown as `\u001b`, or beyond four digits as `\u{e0041}`. Never throws.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (char) => {
    const hex = (char.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}

/** A time of the API for people: without milliseconds, still RFC 3339, so that it can be pasted into `--at` or `--from`. */
export function shortTime(time: string | null): string {
  return time === null ? '-' : time.replace(/\.\d+Z$/, 'Z');
}
