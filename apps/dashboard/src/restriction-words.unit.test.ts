import { describe, expect, it } from '@jest/globals';
import { restrictionWords } from './restriction-words.js';

const now = new Date('2026-11-29T12:00:00Z');
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000 + 60_000).toISOString();
const words = (
  ends: (string | null)[],
  more: { mode?: 'report-only'; enforceAt?: string; restricted?: boolean } = {},
) => {
  const entries = ends.map((expiresAt, i) => ({
    id: `${i}`,
    range: `203.0.113.${i}`,
    typed: `203.0.113.${i}`,
    note: null,
    addedBy: 'ci',
    addedAt: now.toISOString(),
    expiresAt,
    live: true,
  }));
  return restrictionWords(
    { restricted: true, mode: 'enforce', enforceAt: null, version: 1, warnings: [], entries, ...more },
    now,
  );
};
const text = (...given: Parameters<typeof words>) =>
  words(...given)
    .map((one) => one.text)
    .join(' · ');

describe('a restriction in words', () => {
  it.each<[string, Parameters<typeof words>]>([
    ['any source', [[], { restricted: false }]],
    ['1 range', [[null]]],
    ['3 ranges', [[null, null, inDays(30)]]],
    ['1 range · expires in 3 days', [[inDays(3)]]],
    ['2 ranges · 1 expires in 3 days', [[inDays(3), null]]],
    ['2 ranges · 2 expire, the first in 3 days', [[inDays(5), inDays(3)]]],
    ['1 range', [[inDays(-1), null]]],
    ['report only · 2 ranges', [[null, null], { mode: 'report-only' }]],
    ['report only, enforced in 3 days · 1 range', [[null], { mode: 'report-only', enforceAt: inDays(3) }]],
    // Relays enforce it by themselves, whether the page was loaded again or not.
    ['1 range', [[null], { mode: 'report-only', enforceAt: inDays(-1) }]],
    ['report only · any source', [[], { mode: 'report-only', restricted: false }]],
    ['all entries expired: every login is refused', [[inDays(-1)]]],
    ['report only · all entries expired', [[inDays(-1)], { mode: 'report-only' }]],
  ])('is "%s"', (expected, given) => expect(text(...given)).toBe(expected));

  it('is red only where every login is refused', () => {
    expect(words([inDays(-1)]).map(({ tone }) => tone)).toEqual(['refused']);
    expect(words([inDays(3)]).map(({ tone }) => tone)).toEqual([undefined, 'warn']);
  });
});
