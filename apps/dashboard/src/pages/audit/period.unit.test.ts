import { describe, expect, it } from '@jest/globals';
import { periodInWords, periodOf } from './period.js';

const NOW = new Date('2026-11-29T12:00:00.000Z');
const local = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();

describe('the period of a URL', () => {
  it('with a name ends now and moves on', () => {
    expect(periodOf({ period: '24h' }, NOW)).toEqual({ from: '2026-11-28T12:00:00.000Z' });
  });

  it('of two times is these, whatever the name says', () => {
    expect(periodOf({ period: '24h', from: '2026-11-01T10:00:00+02:00', to: '2026-11-02' }, NOW)).toEqual({
      from: '2026-11-01T08:00:00.000Z',
      to: '2026-11-02T00:00:00.000Z',
    });
  });

  it('is any time if nothing is given, or what is not a time', () => {
    expect(periodOf({ from: 'yesterday' }, NOW)).toEqual({});
  });
});

describe('a period in words', () => {
  it.each([
    [local(27, 14), local(27, 15), '27 Nov, 14:00 to 15:00'],
    [local(27, 14), local(28, 9), '27 Nov, 14:00 to 28 Nov, 09:00'],
    [local(27, 14), undefined, 'since 27 Nov, 14:00'],
    [undefined, local(27, 14), 'until 27 Nov, 14:00'],
    [undefined, undefined, 'any time'],
  ])('%#', (from, to, words) => expect(periodInWords({ from, to })).toBe(words));
});
