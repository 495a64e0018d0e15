import { describe, expect, it } from '@jest/globals';
import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import * as fc from 'fast-check';
import { accessAt, ALL_ADDRESSES, allowedRanges, decideAccess, type AccessPolicy } from './access.js';
import { entry, NOW, YESTERDAY } from './testing/given.js';

/** Few bits, so that ranges nest, come twice and hold addresses. */
const bits = fc.nat(255);
const address = fc.oneof(
  bits.map((byte) => `203.0.113.${byte}`),
  bits.map((byte) => `2001:db8::${byte.toString(16)}`),
);
const range = fc.oneof(
  fc.tuple(bits, fc.constantFrom(0, 1, 4, 7)).map(([byte, host]) => `203.0.113.${(byte >> host) << host}/${32 - host}`),
  fc
    .tuple(bits, fc.constantFrom(0, 1, 4, 7))
    .map(([byte, host]) => `2001:db8::${((byte >> host) << host).toString(16)}/${128 - host}`),
);
const anEntry = fc.record({
  range: fc.oneof({ weight: 20, arbitrary: range }, fc.constant('rubbish')),
  expiresAt: fc.constantFrom(null, null, YESTERDAY, '2999-01-01T00:00:00.000Z', 'soon'),
});
const aPolicy: fc.Arbitrary<AccessPolicy> = fc.record({
  restricted: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  mode: fc.constantFrom('enforce', 'report-only'),
  enforceAt: fc.constantFrom(null, null, YESTERDAY, '2999-01-01T00:00:00.000Z'),
  entries: fc.array(anEntry, { maxLength: 12 }),
});
const parsed = (text: string) => {
  const result = parseAddress(text);
  return result.ok ? result.value : null;
};

describe('the decisions for many addresses', () => {
  it('equal the decision on each single address, with the same entry of several that match', () => {
    const cases = fc.property(aPolicy, fc.array(fc.oneof(address, fc.constant('no address'))), (policy, ips) => {
      const decide = accessAt(policy, NOW);
      for (const ip of ips) expect(decide(parsed(ip))).toEqual(decideAccess(policy, parsed(ip), NOW));
    });
    fc.assert(cases, { numRuns: 500 });
  });

  it('refuse exactly the addresses outside of the allowed ranges', () => {
    const cases = fc.property(aPolicy, fc.array(address), (policy, ips) => {
      const texts = allowedRanges(policy, NOW);
      // All addresses: wider than an entry may be.
      const all = texts === ALL_ADDRESSES;
      const ranges = texts.map(parseRange);
      for (const ip of ips.map(parsed)) {
        const allowed = all || ranges.some((range) => range.ok && ip !== null && contains(range.value, ip));
        expect(decideAccess(policy, ip, NOW).refused).toBe(!allowed);
      }
    });
    fc.assert(cases, { numRuns: 500 });
  });
});

describe('the ranges that a policy allows', () => {
  const policy: AccessPolicy = {
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: [entry('203.0.113.0/24')],
  };

  it('are those of its live entries', () => {
    expect(allowedRanges(policy, NOW)).toEqual(['203.0.113.0/24']);
  });

  it('are all in report-only, until it ends, and without a restriction', () => {
    const reporting = { ...policy, mode: 'report-only' as const };
    expect(allowedRanges(reporting, NOW)).toEqual(ALL_ADDRESSES);
    expect(allowedRanges({ ...reporting, enforceAt: NOW.toISOString() }, NOW)).toEqual(['203.0.113.0/24']);
    expect(allowedRanges({ ...policy, restricted: false }, NOW)).toEqual(ALL_ADDRESSES);
  });

  it('are none from the instant on at which the last entry expires', () => {
    const ending = { ...policy, entries: [entry('203.0.113.0/24', { expiresAt: NOW.toISOString() })] };
    expect(allowedRanges(ending, new Date(NOW.getTime() - 1))).toEqual(['203.0.113.0/24']);
    expect(allowedRanges(ending, NOW)).toEqual([]);
  });
});
