/** C0, DEL, C1, and the marks that turn the direction of writing. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that others wrote (a note, a relay's name, what a client gave for an address), for a terminal: what would move
 * the cursor, colour or hide something there is shown as `\u001b`. Never throws.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
