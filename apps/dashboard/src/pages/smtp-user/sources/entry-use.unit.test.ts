import { describe, expect, it } from '@jest/globals';
import type { Schema } from '../../../api/client.js';
import { isUnused } from './entry-use.js';

const now = Date.parse('2026-11-29T00:00:00.000Z');
const used = (addedAt: string, lastMatchedAt: string | null) => ({
  entry: { addedAt } as Schema<'Entry'>,
  lastMatchedAt,
});
const LONG_AGO = '2026-01-01T00:00:00.000Z';
const LATELY = '2026-11-01T00:00:00.000Z';

describe('an entry', () => {
  it('is unused if it let no login in for 90 days', () => {
    expect(isUnused(used(LONG_AGO, null), LONG_AGO, now)).toBe(true);
    expect(isUnused(used(LONG_AGO, '2026-03-01T00:00:00.000Z'), LONG_AGO, now)).toBe(true);
  });

  it.each([
    ['it let a login in lately', used(LONG_AGO, LATELY), LONG_AGO],
    ['it was added lately', used(LATELY, null), LONG_AGO],
    ['relays report logins only since lately', used(LONG_AGO, null), LATELY],
    ['no relay reports logins', used(LONG_AGO, null), null],
  ])('is not called unused if %s', (_, entry, since) => {
    expect(isUnused(entry, since, now)).toBe(false);
  });
});
