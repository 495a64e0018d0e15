import { describe, expect, it } from '@jest/globals';
import { fromField, relativeTime, toField } from './dates.js';

describe('a relative time', () => {
  const now = new Date('2026-11-29T12:00:00Z');
  it.each([
    ['2026-11-29T11:59:40Z', 'just now'],
    ['2026-11-29T12:00:20Z', 'in less than a minute'],
    ['2026-11-29T11:57:10Z', '2 minutes ago'],
    ['2026-12-02T13:00:00Z', 'in 3 days'],
    ['2026-11-28T11:00:00Z', 'yesterday'],
    ['2025-11-01T12:00:00Z', 'last year'],
  ])('of %s is "%s"', (at, words) => expect(relativeTime(new Date(at), now)).toBe(words));
});

describe('the field of a local time', () => {
  it('shows a time in the local zone, to the minute, and gives the same time back', () => {
    const local = new Date(2026, 10, 29, 14, 2);
    expect(toField(local.toISOString())).toBe('2026-11-29T14:02');
    expect(fromField('2026-11-29T14:02')).toBe(local.toISOString());
  });

  it('is empty for what is not a time', () => {
    expect([toField(undefined), toField('yesterday'), fromField(''), fromField('x')]).toEqual([
      '',
      '',
      undefined,
      undefined,
    ]);
  });
});
