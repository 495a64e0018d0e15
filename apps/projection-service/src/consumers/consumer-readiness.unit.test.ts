import { describe, expect, it } from '@jest/globals';
import type { SubscriptionStatus } from '@postern/event-bus';
import { consumerReadiness } from './consumer-readiness.js';

describe('a consumer’s readiness', () => {
  it('waits for the first catching up, passes over later work, and shows what halts it', () => {
    let status: SubscriptionStatus = { caughtUp: false, lastError: null, failures: 0 };
    const check = consumerReadiness({ status: () => status });
    const told: unknown[] = [check()];
    for (const next of [
      { caughtUp: true, lastError: null, failures: 0 },
      { caughtUp: false, lastError: null, failures: 0 },
      { caughtUp: false, lastError: new Error('Event 3 came, but only 1 were applied.'), failures: 4 },
      { caughtUp: true, lastError: null, failures: 4 },
    ]) {
      status = next;
      told.push(check());
    }
    expect(told).toEqual([
      'is catching up with the journal',
      null,
      null,
      'halted after 4 failures: Event 3 came, but only 1 were applied.',
      null,
    ]);
  });
});
