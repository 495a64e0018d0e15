import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { failureTeller } from './tell-failures.js';

describe('what a consumer fails by', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('is told once, and again after ten seconds with how often it came', () => {
    const lines: string[] = [];
    const tell = failureTeller({ error: (line: string) => void lines.push(line) });
    const away = new Error('Kafka is away.');
    for (let i = 0; i < 5; i++) tell('audit-denials', away);
    tell('audit-changes', away);
    tell('audit-denials', new Error('Event 3 came.'));
    jest.advanceTimersByTime(10_000);
    tell('audit-denials', away);
    expect(lines).toEqual([
      'audit-denials could not handle its events and tries again: Kafka is away.',
      'audit-changes could not handle its events and tries again: Kafka is away.',
      'audit-denials could not handle its events and tries again: Event 3 came.',
      'audit-denials could not handle its events and tries again: Kafka is away. (4 times more since it was last told)',
    ]);
  });
});
