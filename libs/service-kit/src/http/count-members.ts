const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Whether a JSON text has more than `most` members and elements, at whatever depth, counted before anything is made of it: by
 * its commas and opening brackets outside strings. A text that is no JSON is counted somehow; the parser refuses it.
 */
export function hasMoreMembers(json: string, most: number): boolean {
  // Each of them takes a character.
  if (json.length <= most) return false;
  let count = 0;
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = endOfString(json, i);
    else if ((code === COMMA || code === BRACKET || code === BRACE) && (count += 1) > most) return true;
  }
  return false;
}

/** The index of the closing quotation mark, or of the end of the text. */
function endOfString(json: string, opening: number): number {
  for (let i = opening + 1; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) return i;
  }
  return json.length;
}
