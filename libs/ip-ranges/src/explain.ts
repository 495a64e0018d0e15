import type { Parsed, Refused } from './address.js';
import { MISTAKES, type Mistake, type Wanted } from './mistakes.js';

type Read = (text: string) => Parsed<{ readonly text: string }> | null;

/** The longest accepted text has 49 characters (a mapped address in full, `/128`). Much longer ones are not analysed. */
const MAX_TEXT_LENGTH = 64;
/** Mistakes that are corrected one after the other before giving up. */
const MOST_MISTAKES = 4;

/** Suggestions are only texts that the strict reader accepts, so they cannot widen what is accepted. */
export function explain(text: unknown, form: Wanted, read: Read): Refused {
  const refused = (detail: string, suggestions: readonly string[] = []): Refused => ({
    ok: false,
    code: form === 'range' ? 'range-invalid' : 'source-ip-invalid',
    detail,
    suggestions,
  });
  if (typeof text !== 'string') return refused('Not a text.');
  if (text.length > MAX_TEXT_LENGTH)
    return refused(`The text has ${text.length} characters; an address or a range has at most 49.`);
  const mistake = firstMistake(text, form);
  if (mistake === null) return refused(`${JSON.stringify(text)} is not ${FORM[form]}.`);
  const suggestions = mistake.meant.flatMap((meant) => accepted(meant, form, read, MOST_MISTAKES - 1));
  return refused(`${JSON.stringify(text)}: ${mistake.detail}`, [...new Set(suggestions)]);
}

const FORM: Readonly<Record<Wanted, string>> = {
  range: 'an address or a range, such as 203.0.113.42, 203.0.113.0/24, 2001:db8::1 or 2001:db8::/64',
  address: 'an address, such as 203.0.113.42 or 2001:db8::1',
};

/** The canonical texts of one guess, after correcting its other mistakes. */
function accepted(text: string, form: Wanted, read: Read, mistakesLeft: number): readonly string[] {
  if (text.length > MAX_TEXT_LENGTH) return [];
  const parsed = read(text);
  if (parsed !== null) return parsed.ok ? [parsed.value.text] : parsed.suggestions;
  if (mistakesLeft === 0) return [];
  return firstMistake(text, form)?.meant.flatMap((meant) => accepted(meant, form, read, mistakesLeft - 1)) ?? [];
}

function firstMistake(text: string, form: Wanted): Mistake | null {
  for (const find of MISTAKES) {
    const mistake = find(text, form);
    if (mistake !== null) return mistake;
  }
  return null;
}
