import { describe, expect, it } from '@jest/globals';
import { parseAddress } from '@postern/ip-ranges';
import { accessAt } from '@postern/restrictions';
import * as fc from 'fast-check';
import { suggestRanges } from './suggest-ranges.js';

const from = (ip: string, logins: number) => ({ ip, logins });
/** `203.0.113.0/24 + 198.51.100.7`, and what is left. */
function shown(...sources: { ip: string; logins: number }[]) {
  const { ranges, left } = suggestRanges(sources);
  return { ranges: ranges.map(({ range }) => range), left: left.map(({ ip }) => ip) };
}

describe('suggested ranges', () => {
  it('are none of no logins', () => {
    expect(suggestRanges([])).toEqual({ ranges: [], left: [] });
  });

  it('are single addresses of both families, those with most logins first, each with its share', () => {
    expect(suggestRanges([from('2001:db8::1', 30), from('203.0.113.9', 90)])).toEqual({
      ranges: [
        { range: '203.0.113.9', logins: 90, share: 0.75, addresses: 1, why: 'This address logged in 90 times.' },
        { range: '2001:db8::1', logins: 30, share: 0.25, addresses: 1, why: 'This address logged in 30 times.' },
      ],
      left: [],
    });
  });

  it('are the /24 and the /64 of three neighbours, and not of two', () => {
    expect(shown(from('203.0.113.1', 9), from('203.0.113.2', 8)).ranges).toEqual(['203.0.113.1', '203.0.113.2']);
    const three = ['203.0.113.1', '203.0.113.2', '203.0.113.200', '2001:db8::1', '2001:db8::2', '2001:db8:0:0:9::'];
    const { ranges } = suggestRanges(three.map((ip) => from(ip, 5)));
    expect(ranges).toMatchObject([
      { range: '203.0.113.0/24', logins: 15, addresses: 3, share: 0.5 },
      { range: '2001:db8::/64', logins: 15, addresses: 3, share: 0.5 },
    ]);
    expect(ranges[0]?.why).toMatch(/^3 addresses of this network logged in, 15 times in all: if the complete network/);
  });

  it('leave out what logged in once, where that is a tenth of all or less', () => {
    expect(shown(from('203.0.113.9', 6), from('198.51.100.7', 3), from('192.0.2.1', 1))).toEqual({
      ranges: ['203.0.113.9', '198.51.100.7'],
      left: ['192.0.2.1'],
    });
    expect(shown(from('203.0.113.9', 5), from('198.51.100.7', 3), from('192.0.2.1', 1)).left).toEqual([]);
  });

  it('leave out what has less than one in a hundred, and nothing above', () => {
    expect(shown(from('203.0.113.9', 990), from('198.51.100.7', 10)).left).toEqual([]);
    expect(shown(from('203.0.113.9', 992), from('198.51.100.7', 9)).left).toEqual(['198.51.100.7']);
  });

  it('leave out all or none of those with equally many logins', () => {
    const rare = ['198.51.100.7', '198.51.101.7', '198.51.102.7'].map((ip) => from(ip, 1));
    expect(shown(from('203.0.113.9', 20), ...rare).left).toEqual([]);
    expect(shown(from('203.0.113.9', 27), ...rare).left).toEqual(['198.51.100.7', '198.51.101.7', '198.51.102.7']);
  });

  it('have the neighbourhood whose addresses are rare one by one', () => {
    const host = Array.from({ length: 20 }, (_, i) => from(`2001:db8::${(i + 1).toString(16)}`, 1));
    expect(shown(from('203.0.113.9', 500), ...host)).toEqual({ ranges: ['203.0.113.9', '2001:db8::/64'], left: [] });
  });

  it('are a thousand at most; the rest is left', () => {
    const many = Array.from({ length: 1_500 }, (_, i) => from(`10.${i >> 8}.${i & 255}.1`, i < 2 ? 5 : 9));
    const { ranges, left } = suggestRanges(many);
    expect([ranges.length, left.length]).toEqual([1_000, 500]);
    expect(left.slice(0, 2).map(({ logins }) => logins)).toEqual([5, 5]);
  });

  it('say of private address space that it may be a proxy', () => {
    const [first] = suggestRanges([from('10.0.0.9', 4)]).ranges;
    expect(first?.why).toMatch(
      /^This address logged in 4 times\. It is private address space: if it is your own proxy/,
    );
  });

  it('leave out what is not an address', () => {
    expect(shown(from('203.0.113.9', 4), from('unknown', 40))).toEqual({ ranges: ['203.0.113.9'], left: ['unknown'] });
  });

  it('refuse exactly what they leave out, when they are the list', () => {
    const octet = fc.nat(5);
    const ip = fc.oneof(
      fc.tuple(octet, octet).map(([c, d]) => `203.0.${c}.${d}`),
      fc.tuple(octet, octet).map(([c, d]) => `2001:db8:0:${c}::${d + 1}`),
      fc.tuple(octet, octet).map(([c, d]) => `10.1.${c}.${d}`),
    );
    const sources = fc.uniqueArray(
      fc.record({ ip, logins: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2_000 })) }),
      {
        selector: (source) => source.ip,
        maxLength: 60,
      },
    );
    const at = new Date('2026-11-20T08:00:00.000Z');
    const property = fc.property(sources, (all) => {
      const { ranges, left } = suggestRanges(all);
      const entries = ranges.map(({ range }) => ({ range, expiresAt: null }));
      const decide = accessAt({ restricted: true, mode: 'enforce', enforceAt: null, entries }, at);
      const refused = all.filter(({ ip }) => {
        const address = parseAddress(ip);
        return decide(address.ok ? address.value : null).refused;
      });
      expect(refused.map(({ ip }) => ip)).toEqual(left.map(({ ip }) => ip));
      expect(ranges.length > 0).toBe(all.length > 0);
      const logins = (some: readonly { logins: number }[]) => some.reduce((sum, each) => sum + each.logins, 0);
      expect(logins(ranges) + logins(left)).toBe(logins(all));
      expect(logins(left) * 10).toBeLessThanOrEqual(logins(all));
    });
    fc.assert(property, { numRuns: 500 });
  });
});
