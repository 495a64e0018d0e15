import { describe, expect, it } from '@jest/globals';
import { duration, timeAgo, timeAhead } from './time-text.js';

const NOW = new Date('2026-11-24T06:00:00.000Z');

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
  ])('%s is read', (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  it.each(['', '7', 'd', '-7d', '7 d', '1.5h', '7D', '7d12h', '1y', '9999999999s', 'constructor'])(
    '%j is refused with what would do',
    (text) => {
      expect(() => duration(text)).toThrow('Give a duration such as 30s, 15m, 12h, 7d or 2w.');
    },
  );
});

describe('a time', () => {
  it.each([
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01T10:30:00Z', '2026-11-01T10:30:00.000Z'],
    ['2026-11-01T10:30:15.5+02:00', '2026-11-01T08:30:15.500Z'],
    ['2028-02-29T00:00:00-05:00', '2028-02-29T05:00:00.000Z'],
  ])('%s is the same past and to come, in UTC', (text, time) => {
    expect([timeAgo(text, NOW), timeAhead(text, NOW)]).toEqual([time, time]);
  });

  it('given as a duration lies that far back, or ahead', () => {
    expect(timeAgo('2h', NOW)).toBe('2026-11-24T04:00:00.000Z');
    expect(timeAhead('7d', NOW)).toBe('2026-12-01T06:00:00.000Z');
  });

  it.each([
    'yesterday',
    '2026-11-01T10:30:00',
    '2026-11-01T10:30Z',
    '2026-11-01 10:30Z',
    '2026-02-31',
    '2026-02-31T00:00:00Z',
    '2026-13-01',
    '2026-11-01T25:00Z',
    '1',
  ])('%s is refused', (text) => {
    expect(() => timeAgo(text, NOW)).toThrow(/^Give a time with its offset, .*, or 2h for two hours ago\.$/);
    expect(() => timeAhead(text, NOW)).toThrow(/, or 7d for seven days from now\.$/);
  });

  it('further away than a date can tell is refused', () => {
    expect(() => timeAhead('999999999w', NOW)).toThrow('That is too far away.');
    expect(() => timeAgo('999999999w', NOW)).toThrow('That is too far away.');
  });
});
