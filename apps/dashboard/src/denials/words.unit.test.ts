import { describe, expect, it } from '@jest/globals';
import { counted, listed } from './words.js';

describe('words about denials', () => {
  it('count in English', () => {
    expect([counted(1, 'login'), counted(1_204, 'login'), counted(2, 'address', 'addresses')]).toEqual([
      '1 login',
      '1,204 logins',
      '2 addresses',
    ]);
  });

  it.each([
    [[], ''],
    [['mx1'], 'mx1'],
    [['mx1', 'mx2'], 'mx1 and mx2'],
    [['mx1', 'mx2', 'mx3'], 'mx1, mx2 and mx3'],
    [['mx1', 'mx2', 'mx3', 'mx4', 'mx5'], 'mx1, mx2 and 3 more'],
  ])('list %j as %j', (names, words) => expect(listed(names)).toBe(words));
});
