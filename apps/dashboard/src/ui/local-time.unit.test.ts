import { describe, expect, it } from '@jest/globals';
import { fromField, toField } from './local-time.js';

describe('the field of a local time', () => {
  it('shows a time in the local zone, to the minute, and gives the same time back', () => {
    const local = new Date(2026, 10, 29, 14, 2);
    expect(toField(local.toISOString())).toBe('2026-11-29T14:02');
    expect(fromField('2026-11-29T14:02')).toBe(local.toISOString());
  });

  it('is empty for what is no time', () => {
    expect([toField(undefined), toField('yesterday'), fromField(''), fromField('x')]).toEqual([
      '',
      '',
      undefined,
      undefined,
    ]);
  });
});
