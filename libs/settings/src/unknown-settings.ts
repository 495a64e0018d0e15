import { KNOWN_SETTINGS } from './known-settings.js';

const MOST_NAMED = 10;
const LONGEST_SHOWN = 60;
/** A name that differs in more is no misspelling. */
const MOST_EDITS = 4;

/** Names the misspelt settings of this process on standard error; a process that the supervisor started leaves that to it. */
export function warnOfUnknownSettings(): void {
  const unknown = process.connected ? null : unknownSettings(process.env);
  if (unknown) process.stderr.write(`${unknown}\n`);
}

/** One line that names each `POSTERN_…` variable that Postern does not know, with the nearest that it knows; null where there is none. */
export function unknownSettings(environment: NodeJS.ProcessEnv): string | null {
  const unknown = Object.keys(environment).filter((name) => /^POSTERN_/i.test(name) && !isKnown(name));
  if (unknown.length === 0) return null;
  const named = unknown.slice(0, MOST_NAMED).map((name) => {
    const nearest = nearestTo(name);
    return `${JSON.stringify(name.slice(0, LONGEST_SHOWN)).slice(1, -1)}${nearest ? ` (did you mean ${nearest}?)` : ''}`;
  });
  const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : '';
  return `Warning: these settings are unknown and have no effect: ${named.join(', ')}${more}.`;
}

function isKnown(name: string): boolean {
  return KNOWN_SETTINGS.includes(name) || name.startsWith('POSTERN_TEST_');
}

function nearestTo(name: string): string | null {
  const [nearest] = KNOWN_SETTINGS.map((known) => ({
    known,
    edits: edits(name.slice(0, LONGEST_SHOWN).toUpperCase(), known),
  }))
    .filter(({ edits }) => edits <= MOST_EDITS)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.known ?? null;
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
