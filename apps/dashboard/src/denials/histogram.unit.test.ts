import { describe, expect, it } from '@jest/globals';
import { intervalFor, rangeOfBars } from './histogram.js';

const at = (hour: string) => `2026-11-29T${hour}:00.000Z`;

describe('the bars of a chart of denials', () => {
  it.each([
    ['an hour', 3_600_000, 'minute'],
    ['three hours', 3 * 3_600_000, 'minute'],
    ['a day', 86_400_000, 'hour'],
    ['a week', 7 * 86_400_000, 'hour'],
    ['a month', 30 * 86_400_000, 'day'],
  ])('of %s are not too many', (_, length, interval) => {
    const from = at('00:00');
    expect(intervalFor({ from, to: new Date(Date.parse(from) + length).toISOString() })).toBe(interval);
  });

  it('select a range with the last one in it, in whichever direction', () => {
    const range = { from: at('12:00'), to: at('15:00') };
    expect(rangeOfBars(at('12:00'), at('14:00'), 'hour')).toEqual(range);
    expect(rangeOfBars(at('14:00'), at('12:00'), 'hour')).toEqual(range);
  });
});
