import { describe, expect, it } from '@jest/globals';
import { readExpiry } from './expiry.js';

describe('the end of an entry, as typed', () => {
  it.each([
    ['2027-01-31T18:00:00Z', '2027-01-31T18:00:00.000Z'],
    ['2027-01-31T18:00:00.250Z', '2027-01-31T18:00:00.250Z'],
    ['2027-01-31 18:00 +0100', '2027-01-31T17:00:00.000Z'],
    ['2027-01-31T18:00+01:00', '2027-01-31T17:00:00.000Z'],
    // Without a zone: in that of the person.
    ['2027-01-31 18:00', new Date(2027, 0, 31, 18).toISOString()],
    ['2028-02-29', new Date(2028, 2, 1).toISOString()],
  ])('%s is %s', (typed, time) => expect(readExpiry(typed)).toBe(time));

  it.each(['', 'office', '2027', '2027-02-30', '2027-13-01', '2027-01-31 25:00', '31.01.2027', '203.0.113.42'])(
    '%j is none',
    (typed) => expect(readExpiry(typed)).toBeNull(),
  );
});
