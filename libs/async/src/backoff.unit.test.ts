import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

describe('the backoff', () => {
  it('doubles up to the longest pause, subtracts at most a quarter, and starts again after a success', () => {
    const backoff = new Backoff(100, 1_000);
    for (const full of [100, 200, 400, 800, 1_000, 1_000]) {
      const pause = backoff.nextMs();
      expect(pause).toBeLessThanOrEqual(full);
      expect(pause).toBeGreaterThanOrEqual(full * 0.75);
    }
    backoff.reset();
    expect(backoff.nextMs()).toBeLessThanOrEqual(100);
  });

  it('spreads over all of the pause for those that must not come back together', () => {
    const backoff = new Backoff(100, 100, 1);
    const pauses = Array.from({ length: 1_000 }, () => backoff.nextMs());
    expect(Math.min(...pauses)).toBeLessThan(10);
    expect(Math.max(...pauses)).toBeGreaterThan(90);
  });
});
