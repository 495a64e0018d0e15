import { describe, expect, it } from '@jest/globals';
import { relativeTime } from './relative-time.js';

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
