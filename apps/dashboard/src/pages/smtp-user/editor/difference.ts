import { isLive, sameEntry, type Judged } from './judge.js';
import type { Listed } from './list-as-text.js';

export type Change =
  | { readonly kind: 'added'; readonly after: Listed }
  | { readonly kind: 'removed'; readonly before: Listed }
  | { readonly kind: 'changed'; readonly before: Listed; readonly after: Listed };

export const rangeOf = (change: Change): string => (change.kind === 'removed' ? change.before : change.after).range;

/** The list after saving the lines that can be saved. */
export function listAfter(list: readonly Listed[], judged: readonly Judged[], mode: 'add' | 'replace'): Listed[] {
  const named = new Map(judged.flatMap((one) => ('entry' in one ? [[one.entry.range, one.entry] as const] : [])));
  const staying = mode === 'add' ? list : list.filter(({ range }) => named.has(range));
  const kept = staying.map((entry) => named.get(entry.range) ?? entry);
  const ranges = new Set(list.map(({ range }) => range));
  return [...kept, ...[...named.values()].filter(({ range }) => !ranges.has(range))];
}

/** The changes from one list to another, in the order of the first; new entries at the end. */
export function differenceOf(before: readonly Listed[], after: readonly Listed[]): Change[] {
  const then = new Map(before.map((entry) => [entry.range, entry]));
  const now = new Map(after.map((entry) => [entry.range, entry]));
  const kept = before.flatMap((entry): Change[] => {
    const to = now.get(entry.range);
    if (to === undefined) return [{ kind: 'removed', before: entry }];
    return sameEntry(entry, to) ? [] : [{ kind: 'changed', before: entry, after: to }];
  });
  const added = after.filter(({ range }) => !then.has(range)).map((entry): Change => ({ kind: 'added', after: entry }));
  return [...kept, ...added];
}

export interface Disputed {
  readonly range: string;
  readonly base: Listed | null;
  readonly theirs: Listed | null;
  readonly mine: Listed | null;
  readonly clash: boolean;
  readonly changedBy: 'them' | 'me' | 'both';
}

export type Side = 'theirs' | 'mine';

/** What each side made of the same list, entry by entry, without those that neither changed. */
export function disputed(base: readonly Listed[], theirs: readonly Listed[], mine: readonly Listed[]): Disputed[] {
  const [inBase, inTheirs, inMine] = [base, theirs, mine].map(
    (list) => new Map(list.map((entry) => [entry.range, entry])),
  ) as [Map<string, Listed>, Map<string, Listed>, Map<string, Listed>];
  const ranges = new Set([...inBase.keys(), ...inTheirs.keys(), ...inMine.keys()]);
  return [...ranges].flatMap((range): Disputed[] => {
    const [was, their, my] = [inBase.get(range) ?? null, inTheirs.get(range) ?? null, inMine.get(range) ?? null];
    const they = !same(was, their);
    const I = !same(was, my);
    if (!they && !I) return [];
    const changedBy = they && I ? 'both' : they ? 'them' : 'me';
    return [{ range, base: was, theirs: their, mine: my, changedBy, clash: changedBy === 'both' && !same(their, my) }];
  });
}

/** The side that is preselected: the one that changed the entry; if both did, mine. */
export const sideOf = ({ changedBy }: Disputed): Side => (changedBy === 'them' ? 'theirs' : 'mine');

/** Their list, with my changes where mine were chosen. */
export function merged(
  theirs: readonly Listed[],
  rows: readonly Disputed[],
  chosen: (row: Disputed) => Side,
): Listed[] {
  const taken = new Map(rows.map((row) => [row.range, row[chosen(row)]]));
  const list = theirs.flatMap((entry) => {
    const take = taken.get(entry.range);
    return take === undefined ? [entry] : take === null ? [] : [take];
  });
  const there = new Set(theirs.map(({ range }) => range));
  return [...list, ...[...taken].flatMap(([range, entry]) => (entry === null || there.has(range) ? [] : [entry]))];
}

function same(a: Listed | null, b: Listed | null): boolean {
  return a === null || b === null ? a === b : sameEntry(a, b);
}

export function refusesAll(list: readonly Listed[], now: Date): boolean {
  return list.length > 0 && !list.some((entry) => isLive(entry, now));
}
