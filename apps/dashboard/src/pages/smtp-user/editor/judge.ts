import { coveringRanges, parseRange, remarksOn, type IpRange } from '@postern/ip-ranges';
import { addressesIn } from './addresses-in.js';
import { noteInOneLine, type Listed } from './list-as-text.js';
import type { Pasted } from './pasted-lines.js';

export interface Good {
  readonly verdict: 'new' | 'renewed' | 'changed' | 'unchanged';
  readonly pasted: Pasted;
  readonly entry: Listed;
  /** *256 addresses*. */
  readonly addresses: string;
  /** Possible mistakes. They do not prevent saving. */
  readonly remarks: readonly string[];
}

export interface Ignored {
  readonly verdict: 'bad' | 'repeated' | 'left';
  readonly pasted: Pasted;
  readonly reason: string;
  readonly suggestions: readonly string[];
}

export type Judged = Good | Ignored;

export interface Given {
  readonly list: readonly Listed[];
  /** `add` leaves what a line does not mention unchanged. `replace` makes the lines the list. */
  readonly mode: 'add' | 'replace';
  readonly note: string | null;
  readonly expiresAt: string | null;
  readonly now: Date;
}

/** The API's limits; that of a note is in characters. */
export const MAX_NOTE_LENGTH = 500;
export const MAX_ENTRIES = 1_000;

/** What saving would do with each line, with the API's reasons for refusing it. */
export function judge(lines: readonly Pasted[], given: Given): Judged[] {
  const listed = new Map(given.list.map((entry) => [entry.range, entry]));
  const seen = new Map<string, number>();
  const ranges = new Map<Pasted, IpRange>();
  const judged = lines.map((pasted): Judged => {
    const ignored = (verdict: Ignored['verdict'], reason: string, suggestions: readonly string[] = []) =>
      ({ verdict, pasted, reason, suggestions }) as const;
    if (pasted.leftOut !== undefined) return ignored('left', `Left out: ${pasted.leftOut}`);
    const parsed = parseRange(pasted.typed);
    if (!parsed.ok) return ignored('bad', parsed.detail, parsed.suggestions);
    const range = parsed.value;
    const above = seen.get(range.text);
    if (above !== undefined) return ignored('repeated', `${range.text} is in line ${above} already.`);
    const before = listed.get(range.text);
    const entry = requestedEntry(range, pasted, given, before);
    const wrong = wrongIn(entry, before, given.now);
    if (wrong !== null) return ignored('bad', wrong);
    seen.set(range.text, pasted.line);
    ranges.set(pasted, range);
    return {
      verdict: verdictOn(entry, before, given.now),
      pasted,
      entry,
      addresses: addressesIn(range),
      remarks: remarksOn(range).map(({ detail }) => `${range.text} ${detail}`),
    };
  });
  return withOverlaps(judged, ranges, given);
}

function requestedEntry(range: IpRange, pasted: Pasted, given: Given, before: Listed | undefined): Listed {
  const text = range.text;
  if (given.mode === 'replace') {
    // In the text, a note's line breaks are spaces.
    const asBefore = before !== undefined && noteInOneLine(before.note) === pasted.note;
    return { range: text, note: asBefore ? before.note : pasted.note, expiresAt: pasted.expiresAt };
  }
  if (before !== undefined && isLive(before, given.now))
    return { range: text, note: pasted.note ?? before.note, expiresAt: pasted.expiresAt ?? before.expiresAt };
  return {
    range: text,
    note: pasted.note ?? given.note ?? before?.note ?? null,
    expiresAt: pasted.expiresAt ?? given.expiresAt,
  };
}

function wrongIn({ note, expiresAt }: Listed, before: Listed | undefined, now: Date): string | null {
  if (note !== null && note.length > MAX_NOTE_LENGTH)
    return `A note has at most ${MAX_NOTE_LENGTH} characters; this one has ${note.length}.`;
  if (note !== null && (!note.isWellFormed() || /[^\P{Cc}\t\n\r]/u.test(note)))
    return 'A note must not contain control characters, except tabs and new lines.';
  // An unchanged end may be in the past.
  if (expiresAt !== null && expiresAt !== before?.expiresAt && Date.parse(expiresAt) <= now.getTime())
    return `The end of this entry, ${expiresAt}, is in the past. Choose a later time, or none.`;
  return null;
}

function verdictOn(entry: Listed, before: Listed | undefined, now: Date): Good['verdict'] {
  if (before === undefined) return 'new';
  if (sameEntry(entry, before)) return 'unchanged';
  return !isLive(before, now) && isLive(entry, now) ? 'renewed' : 'changed';
}

export function sameEntry(a: Listed, b: Listed): boolean {
  return a.range === b.range && a.note === b.note && a.expiresAt === b.expiresAt;
}

export function isLive({ expiresAt }: Pick<Listed, 'expiresAt'>, now: Date): boolean {
  return expiresAt === null || Date.parse(expiresAt) > now.getTime();
}

/** Adds which lines are inside another range, and which make entries of the list unnecessary. */
function withOverlaps(judged: readonly Judged[], ranges: ReadonlyMap<Pasted, IpRange>, given: Given): Judged[] {
  const fresh = new Set([...ranges.values()].map(({ text }) => text));
  const staying = given.mode === 'replace' ? [] : given.list;
  const items = [
    ...[...ranges.values()].map((range) => ({ range, isNew: true })),
    ...staying.flatMap((entry) => {
      const parsed = parseRange(entry.range);
      const counts = parsed.ok && !fresh.has(entry.range) && isLive(entry, given.now);
      return counts ? [{ range: parsed.value, isNew: false }] : [];
    }),
  ];
  const around = new Map<string, string>();
  const needless = new Map<string, number>();
  for (const [inner, outer] of coveringRanges(items)) {
    around.set(inner.range.text, `${outer.range.text}${outer.isNew ? '' : ', which is on the list already'}`);
    if (!inner.isNew) needless.set(outer.range.text, (needless.get(outer.range.text) ?? 0) + 1);
  }
  return judged.map((one) => {
    const range = ranges.get(one.pasted);
    if (range === undefined || !('entry' in one)) return one;
    const outer = around.get(range.text);
    const covered = needless.get(range.text) ?? 0;
    const overlaps = [
      ...(outer === undefined ? [] : [`${range.text} is inside ${outer}: it adds nothing.`]),
      ...(covered === 0
        ? []
        : [`${range.text} covers ${covered === 1 ? 'one entry' : `${covered} entries`} of the list.`]),
    ];
    return overlaps.length === 0 ? one : { ...one, remarks: [...overlaps, ...one.remarks] };
  });
}
