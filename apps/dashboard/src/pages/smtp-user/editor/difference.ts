import { isLive, sameEntry, type Judged } from './judge.js';
import type { Listed } from './list-as-text.js';

export type Change =
  | { readonly kind: 'added'; readonly after: Listed }
  | { readonly kind: 'removed'; readonly before: Listed }
  | { readonly kind: 'changed'; readonly before: Listed; readonly after: Listed };

export const entryOf = (change: Change): Listed => (change.kind === 'removed' ? change.before : change.after);

/** The list after saving the lines that can be saved. */
export function listAfter(list: readonly Listed[], judged: readonly Judged[], mode: 'add' | 'replace'): Listed[] {
  const named = judged.flatMap((one) => ('entry' in one ? [one.entry] : []));
  const ranges = new Set(named.map(({ range }) => range));
  return put(mode === 'add' ? list : list.filter(({ range }) => ranges.has(range)), named);
}

/** The list that somebody else has saved, with the changes that led from `base` to `mine`. Where both changed an entry, it has mine. */
export function merged(base: readonly Listed[], theirs: readonly Listed[], mine: readonly Listed[]): Listed[] {
  const changes = Map.groupBy(differenceOf(base, mine), ({ kind }) => (kind === 'removed' ? 'removed' : 'put'));
  const removed = new Set(changes.get('removed')?.map((change) => entryOf(change).range));
  return put(
    theirs.filter(({ range }) => !removed.has(range)),
    (changes.get('put') ?? []).map(entryOf),
  );
}

/** Replaces the entries of the same range. Other new ones are at the end. */
function put(list: readonly Listed[], entries: readonly Listed[]): Listed[] {
  const byRange = new Map(list.map((entry) => [entry.range, entry]));
  for (const entry of entries) byRange.set(entry.range, entry);
  return [...byRange.values()];
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

/** *2 added · 1 removed*. */
export function inWords(changes: readonly Change[]): string {
  return (['added', 'changed', 'removed'] as const)
    .map((kind) => ({ kind, count: changes.filter((change) => change.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count.toLocaleString('en')} ${kind}`)
    .join(' · ');
}

export function refusesAll(list: readonly Listed[], now: Date): boolean {
  return list.length > 0 && !list.some((entry) => isLive(entry, now));
}
