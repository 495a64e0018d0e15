import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { coveringRanges, RangeIndex } from './covering.js';
import { contains, covers } from './match.js';
import { parseAddress, parseRange } from './parse.js';

const nested = fc.uniqueArray(
  fc.tuple(fc.constantFrom(8, 9, 12, 16, 24, 31, 32), fc.nat(3), fc.nat(3)).map(([prefix, b, d]) => {
    const bits = ((10 << 24) | (b << 16) | d) >>> 0;
    const first = prefix === 32 ? bits : ((bits >>> (32 - prefix)) << (32 - prefix)) >>> 0;
    return `${first >>> 24}.${(first >>> 16) & 255}.${(first >>> 8) & 255}.${first & 255}/${prefix}`;
  }),
);
const itemsOf = (ranges: readonly string[]) =>
  ranges.flatMap((text) => {
    const parsed = parseRange(text);
    return parsed.ok ? [{ range: parsed.value }] : [];
  });

describe('the narrowest covering range', () => {
  it('is that of comparing all pairs', () => {
    fc.assert(
      fc.property(nested, (ranges) => {
        const items = itemsOf(ranges);
        const covering = coveringRanges(items);
        for (const item of items) {
          const others = items.filter((other) => other !== item && covers(other.range, item.range));
          const narrowest = others.toSorted((a, b) => b.range.prefix - a.range.prefix)[0];
          expect(covering.get(item)?.range.text).toBe(narrowest?.range.text);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the ranges that contain an address', () => {
  it('are those of looking at all, the narrowest first', () => {
    const last = fc.nat(3).map((d) => `10.0.0.${d}`);
    const someAddress = fc.oneof(last, fc.constantFrom('9.255.255.255', '10.3.0.3', '11.0.0.0', '::', '2001:db8::1'));
    fc.assert(
      fc.property(nested, someAddress, (ranges, text) => {
        const items = itemsOf([...ranges, '2001:db8::/32', '2001:db8::/64']);
        const address = parseAddress(text);
        if (!address.ok) throw new Error(address.detail);
        const all = items.filter(({ range }) => contains(range, address.value));
        const narrowestFirst = all.toSorted((a, b) => b.range.prefix - a.range.prefix);
        expect(new RangeIndex(items).containing(address.value)).toEqual(narrowestFirst);
      }),
      { numRuns: 500 },
    );
  });
});
