import { describe, expect, it, afterEach, beforeEach, jest } from '@jest/globals';
import { network, MAX_BUCKETS, TokenBuckets } from './rate-limits.js';

describe('the network of an address', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:db8:0:0:1::', '2001:db8::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['1:2:3::8', '1:2:3::/64'],
    ['::1', '::/64'],
    ['::', '::/64'],
  ])('of %s is %s', (address, name) => expect(network(address)).toBe(name));
});

describe('token buckets', () => {
  // The buckets' clock is `performance.now`: the test moves it.
  let now = 0;
  beforeEach(() => {
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => void jest.restoreAllMocks());

  const takes = (buckets: TokenBuckets, name: string, times: number) =>
    Array.from({ length: times }, () => buckets.take(name));

  it('start full, and let a name use its burst at once and no more', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 });
    expect(takes(buckets, 'a', 4)).toEqual([0, 0, 0, 1]);
  });

  it('fill by the rate, and never above the burst', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 });
    takes(buckets, 'a', 3);
    now += 500;
    expect(takes(buckets, 'a', 2)).toEqual([0, 1]);
    now += 3_600_000;
    expect(takes(buckets, 'a', 4)).toEqual([0, 0, 0, 1]);
  });

  it('return a wait after which there is a token: not a second before it', () => {
    const buckets = new TokenBuckets({ perSecond: 0.1, burst: 1 });
    expect(takes(buckets, 'a', 2)).toEqual([0, 10]);
    now += 8_999;
    expect(buckets.take('a')).toBe(2);
    now += 1_001;
    expect(buckets.take('a')).toBe(0);
  });

  it('know each name for itself', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([0, 0, 1]);
  });

  it('are off at a rate of 0', () => {
    const buckets = new TokenBuckets({ perSecond: 0, burst: 1 });
    expect(takes(buckets, 'a', 100)).toEqual(Array.from({ length: 100 }, () => 0));
  });

  it('are kept for a bounded number of names: the one used longest ago begins again', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    buckets.take('first');
    for (let i = 1; i < MAX_BUCKETS; i++) buckets.take(`name ${i}`);
    expect(buckets.take('first')).toBe(1);
    for (let i = 0; i < MAX_BUCKETS; i++) buckets.take(`another ${i}`);
    expect(buckets.take('first')).toBe(0);
  });
});
