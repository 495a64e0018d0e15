import { MAX_TEXT_LENGTH } from './parsed.js';
import type { Parsed, Refused } from './parsed.js';
import type { Mistake, Wanted } from './mistakes/mistake.js';
import { MISTAKES } from './mistakes/index.js';

type Read = (text: string) => Parsed<{ readonly text: string }> | null;

/** Mistakes in one text that are undone one after the other before the guess is given up. */
const MOST_MISTAKES = 4;

/**
 * Says why a text could not be read as what was wanted, and what may have been meant.
 * A suggestion is only ever what the strict reader accepts, so that offering one cannot widen what is accepted.
 */
export function explain(text: unknown, wanted: Wanted, read: Read): Refused {
  const code = wanted === 'range' ? 'range-invalid' : 'source-ip-invalid';
  if (typeof text !== 'string') return { ok: false, code, detail: 'Not a text.', suggestions: [] };
  if (text.length > MAX_TEXT_LENGTH) {
    const detail = `The text has ${text.length} characters; an address or a range has at most 49.`;
    return { ok: false, code, detail, suggestions: [] };
  }
  const mistake = firstMistake(text, wanted);
  if (mistake === null) return { ok: false, code, detail: unknownForm(text, wanted), suggestions: [] };
  const suggestions = unique(mistake.meant.flatMap((meant) => accepted(meant, wanted, read, MOST_MISTAKES - 1)));
  return { ok: false, code, detail: `${JSON.stringify(text)}: ${mistake.detail}`, suggestions };
}

/** The canonical texts that come of one guess, after undoing what else is wrong with it. */
function accepted(text: string, wanted: Wanted, read: Read, mistakesLeft: number): string[] {
  if (text.length > MAX_TEXT_LENGTH) return [];
  const parsed = read(text);
  if (parsed !== null) return parsed.ok ? [parsed.value.text] : [...parsed.suggestions];
  if (mistakesLeft === 0) return [];
  const mistake = firstMistake(text, wanted);
  return mistake?.meant.flatMap((meant) => accepted(meant, wanted, read, mistakesLeft - 1)) ?? [];
}

function firstMistake(text: string, wanted: Wanted): Mistake | null {
  for (const find of MISTAKES) {
    const mistake = find(text, wanted);
    if (mistake !== null) return mistake;
  }
  return null;
}

function unknownForm(text: string, wanted: Wanted): string {
  const form =
    wanted === 'range'
      ? 'an address or a range, such as 203.0.113.42, 203.0.113.0/24, 2001:db8::1 or 2001:db8::/64'
      : 'an address, such as 203.0.113.42 or 2001:db8::1';
  return `${JSON.stringify(text)} is not ${form}.`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
