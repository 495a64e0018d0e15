import { describe, expect, it } from '@jest/globals';
import { MOST_KEYS } from './differences.js';
import { LateRows } from './late-rows.js';
import { isEqual } from './read-model.js';

describe('rows that the journal is ahead of', () => {
  it('are counted once each where they are too many to be waited for', () => {
    const late = new LateRows('');
    for (let row = 0; row < MOST_KEYS; row++) late.add(`${row}`, 1);
    for (const again of ['0', '1']) late.add(again, 1);
    expect([late.size, late.uncompared]).toEqual([MOST_KEYS, 0]);
    for (const event of ['one', 'one', 'two', 'two', '0', 'three']) late.add(event, 1);
    expect([late.size, late.uncompared]).toEqual([MOST_KEYS, 3]);
  });
});

describe('a comparison', () => {
  const compared = { table: 'denials', group: null, live: 5, journal: 5, differing: 0 };
  const comparison = { model: 'denials', position: 9, events: 9, compared: [compared], uncompared: 0, differences: [] };

  it('is equal only where no row differs and all could be compared', () => {
    expect(isEqual(comparison)).toBe(true);
    expect(isEqual({ ...comparison, compared: [compared, { ...compared, differing: 1 }] })).toBe(false);
    expect(isEqual({ ...comparison, uncompared: 1 })).toBe(false);
  });
});
