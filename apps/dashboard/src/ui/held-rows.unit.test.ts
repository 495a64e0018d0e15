import { describe, expect, it } from '@jest/globals';
import { heldBack } from './held-rows.js';

describe('the rows of a list that is looked at', () => {
  const idOf = ({ id }: { id: string }) => id;

  it('are those that were shown before, as they are now and in their places; others wait, and what is gone is left out', () => {
    const now = [{ id: 'a' }, { id: 'b', changed: true }, { id: 'c' }, { id: 'd' }];
    expect(heldBack(now, idOf, ['d', 'b', 'gone'])).toEqual({
      rows: [{ id: 'd' }, { id: 'b', changed: true }],
      waiting: 2,
    });
  });
});
