import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { differenceOf, entryOf, inWords, listAfter, merged, refusesAll, type Change } from './difference.js';
import { judge } from './judge.js';
import type { Listed } from './list-as-text.js';
import { pastedLines } from './pasted-lines.js';

const now = new Date('2026-11-29T12:00:00Z');
const listed = (range: string, note: string | null = null): Listed => ({ range, note, expiresAt: null });
const [a, b, c] = ['203.0.113.1', '203.0.113.2', '203.0.113.3'].map((range) => listed(range)) as [
  Listed,
  Listed,
  Listed,
];

/** Lists over few ranges, so that they meet. */
const list = fc.uniqueArray(
  fc.record({
    range: fc.integer({ min: 1, max: 6 }).map((n) => `203.0.113.${n}`),
    note: fc.constantFrom(null, 'x', 'y'),
    expiresAt: fc.constant(null),
  }),
  { selector: ({ range }) => range },
);
const sorted = (entries: readonly Listed[]) => entries.toSorted((x, y) => x.range.localeCompare(y.range));
/** Carries out a difference. */
const applied = (before: readonly Listed[], changes: readonly Change[]) => {
  const result = new Map(before.map((entry) => [entry.range, entry]));
  for (const change of changes) {
    if (change.kind === 'removed') result.delete(entryOf(change).range);
    else result.set(change.after.range, change.after);
  }
  return [...result.values()];
};

describe('the difference of two lists', () => {
  it('names what is added, removed and changed', () => {
    expect(differenceOf([a, b], [listed(b.range, 'mail'), c])).toEqual([
      { kind: 'removed', before: a },
      { kind: 'changed', before: b, after: listed(b.range, 'mail') },
      { kind: 'added', after: c },
    ]);
  });

  it('is counted in words', () => {
    expect(inWords(differenceOf([a], [b, c]))).toBe('2 added · 1 removed');
    expect(inWords([])).toBe('');
  });

  it('makes of the one list the other, and is empty only for equal ones', () => {
    fc.assert(
      fc.property(list, list, (before, after) => {
        const changes = differenceOf(before, after);
        expect(sorted(applied(before, changes))).toEqual(sorted(after));
        expect(changes.length === 0).toBe(JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)));
      }),
    );
  });
});

describe('the list after saving', () => {
  const after = (text: string, mode: 'add' | 'replace') =>
    listAfter([a, b], judge(pastedLines(text), { list: [a, b], mode, note: null, expiresAt: null, now }), mode);

  it('has the added lines after what was there', () => {
    expect(after(`${c.range}\n203.0.113.2 # mail\n203.0.113.300`, 'add')).toEqual([a, listed(b.range, 'mail'), c]);
  });
  it('has only the lines where they replace the list', () => {
    expect(after(`${c.range}\n${b.range}`, 'replace')).toEqual([b, c]);
  });
});

describe('two who changed the same list', () => {
  it('lose nothing where they changed different entries', () => {
    expect(merged([a, b], [a, b, c], [a])).toEqual([a, c]);
  });

  it('have the entries that I changed as I have them, and all others as somebody else saved them', () => {
    const find = (entries: readonly Listed[], range: string) => entries.find((entry) => entry.range === range);
    fc.assert(
      fc.property(list, list, list, (base, theirs, mine) => {
        const result = merged(base, theirs, mine);
        const myRanges = new Set(differenceOf(base, mine).map((change) => entryOf(change).range));
        for (const { range } of [...base, ...theirs, ...mine])
          expect(find(result, range)).toEqual(find(myRanges.has(range) ? mine : theirs, range));
        expect(sorted(merged(base, base, mine))).toEqual(sorted(mine));
      }),
    );
  });
});

describe('a list that refuses every login', () => {
  const expired = { ...a, expiresAt: '2026-11-01T00:00:00.000Z' };
  it('has only expired entries', () => {
    expect(refusesAll([expired], now)).toBe(true);
    expect(refusesAll([expired, b], now)).toBe(false);
  });
});
