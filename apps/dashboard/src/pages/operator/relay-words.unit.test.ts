import { describe, expect, it } from '@jest/globals';
import { behindInWords, heldBack } from './relay-words.js';

describe('how far a relay is behind', () => {
  it.each([
    [{ revision: null, behind: null }, 'no policies yet'],
    [{ revision: 7, behind: 0 }, 'up to date'],
    [{ revision: 7, behind: 1_200 }, '1,200 behind'],
  ])('%j is %s', (relay, words) => expect(behindInWords(relay)).toBe(words));
});

describe('the rows of a list that is looked at', () => {
  const idOf = ({ id }: { id: string }) => id;

  it('are all rows at first', () => {
    expect(heldBack([{ id: 'a' }], idOf, null)).toEqual({ rows: [{ id: 'a' }], waiting: 0 });
  });

  it('are those that were shown before, as they are now; others wait, and what is gone is left out', () => {
    const now = [{ id: 'a' }, { id: 'b', changed: true }, { id: 'c' }];
    expect(heldBack(now, idOf, new Set(['b', 'gone']))).toEqual({ rows: [{ id: 'b', changed: true }], waiting: 2 });
  });
});
