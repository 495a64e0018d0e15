import { describe, expect, it } from '@jest/globals';
import { parseRange } from '@postern/ip-ranges';
import { addressesIn } from './addresses-in.js';

describe('the number of addresses in a range', () => {
  it.each([
    ['203.0.113.42', '1 address'],
    ['203.0.113.0/24', '256 addresses'],
    ['128.0.0.0/1', '2,147,483,648 addresses'],
    ['2001:db8::1', '1 address'],
    ['2001:db8::/120', '256 addresses'],
    ['2001:db8::/80', 'part of a /64'],
    ['2001:db8::/64', 'one /64'],
    ['2001:db8::/48', '65,536 × /64'],
    ['2000::/3', '2^61 × /64'],
  ])('of %s is "%s"', (text, words) => {
    const parsed = parseRange(text);
    expect(parsed.ok && addressesIn(parsed.value)).toBe(words);
  });
});
