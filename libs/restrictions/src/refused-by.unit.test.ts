import { describe, expect, it } from '@jest/globals';
import { contains, parseAddress, parseRange } from '@postern/ip-ranges';
import * as fc from 'fast-check';
import { accessAt, allowedRanges, decideAccess, refusedBy, type AccessPolicy } from './access.js';
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
      const all = texts.includes('0.0.0.0/0') && texts.includes('::/0');
      const ranges = texts.map(parseRange);
      for (const ip of ips.map(parsed)) {
        const allowed = all || ranges.some((range) => range.ok && ip !== null && contains(range.value, ip));
        expect(decideAccess(policy, ip, NOW).refused).toBe(!allowed);
      }
    });
    fc.assert(cases, { numRuns: 500 });
  });
});

describe('what a policy would refuse of the sources', () => {
  const sources = ['203.0.113.9', '198.51.100.7', '2001:db8::1'].map((ip, i) => ({ ip, logins: i + 1 }));
  const policy: AccessPolicy = {
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: [entry('203.0.113.0/24')],
  };

  const because = (reason: string, ...which: number[]) => which.map((i) => ({ ...sources[i], reason }));

  it('is what no live entry contains, in its order, with the reason', () => {
    expect(refusedBy(policy, sources, NOW)).toEqual(because('ip-not-authorized', 1, 2));
  });

  it('is nothing in report-only, and nothing without a restriction', () => {
    const reporting = { ...policy, mode: 'report-only' as const };
    expect(refusedBy(reporting, sources, NOW)).toEqual([]);
    const ended = { ...reporting, enforceAt: NOW.toISOString() };
    expect(refusedBy(ended, sources, NOW)).toEqual(because('ip-not-authorized', 1, 2));
    expect(refusedBy({ ...policy, restricted: false }, sources, NOW)).toEqual([]);
  });

  it('is everything from the instant on at which the last entry expires', () => {
    const ending = { ...policy, entries: [entry('203.0.113.0/24', { expiresAt: NOW.toISOString() })] };
    expect(refusedBy(ending, sources, new Date(NOW.getTime() - 1))).toEqual(because('ip-not-authorized', 1, 2));
    expect(refusedBy(ending, sources, NOW)).toEqual(because('no-live-entry', 0, 1, 2));
  });
});
