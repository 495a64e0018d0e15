import { describe, expect, it } from '@jest/globals';
import { consumerReadiness, type SubscriptionStatus } from './event-bus.js';

describe('a consumer’s readiness', () => {
  it('waits for the first catching up, passes over later work, and shows what keeps it from getting on', () => {
    const readiness = (status: Omit<SubscriptionStatus, 'halted'>) =>
      consumerReadiness({ status: () => ({ ...status, halted: new Map() }) })();
    const well = { lastError: null, failures: 0 };
    const lastError = new Error('Event 3 came, but only 1 were applied.');
    expect(readiness({ ...well, caughtUp: false, hasCaughtUp: false })).toBe('is catching up with the journal');
    expect(readiness({ ...well, caughtUp: true, hasCaughtUp: true })).toBeNull();
    expect(readiness({ ...well, caughtUp: false, hasCaughtUp: true })).toBeNull();
    expect(readiness({ caughtUp: false, hasCaughtUp: true, lastError, failures: 4 })).toBe(
      'does not get on: Event 3 came, but only 1 were applied.',
    );
  });
});
