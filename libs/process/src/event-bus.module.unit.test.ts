import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { failureLogger } from './event-bus.module.js';

describe('the failure of a consumer', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('is logged once, and again after ten seconds with how often it happened', () => {
    const lines: string[] = [];
    const fail = failureLogger({ error: (line: string) => void lines.push(line) });
    const away = new Error('Kafka is away.');
    for (let i = 0; i < 5; i++) fail('audit-denials', away);
    fail('audit-changes', away);
    fail('audit-denials', new Error('Event 3 came.'));
    jest.advanceTimersByTime(10_000);
    fail('audit-denials', away);
    expect(lines).toEqual([
      'audit-denials could not handle its events and tries again: Kafka is away.',
      'audit-changes could not handle its events and tries again: Kafka is away.',
      'audit-denials could not handle its events and tries again: Event 3 came.',
      'audit-denials could not handle its events and tries again: Kafka is away. (4 more times since the last log line)',
    ]);
  });
});
