import { describe, expect, it } from '@jest/globals';
import { behindInWords } from './relay-words.js';

describe('how far a relay is behind', () => {
  it.each([
    [{ revision: null, behind: null }, 'no policies yet'],
    [{ revision: 7, behind: 0 }, 'up to date'],
    [{ revision: 7, behind: 1_200 }, '1,200 behind'],
  ])('%j is %s', (relay, words) => expect(behindInWords(relay)).toBe(words));
});
