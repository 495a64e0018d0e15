import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { coveringRanges } from './covering.js';
import { covers } from './match.js';
import { parseRange } from './parse.js';

describe('the narrowest covering range', () => {
  it('is that of comparing all pairs', () => {
    const nested = fc.uniqueArray(
      fc.tuple(fc.constantFrom(8, 9, 12, 16, 24, 31, 32), fc.nat(3), fc.nat(3)).map(([prefix, b, d]) => {
        const bits = ((10 << 24) | (b << 16) | d) >>> 0;
        const first = prefix === 32 ? bits : ((bits >>> (32 - prefix)) << (32 - prefix)) >>> 0;
        return `${first >>> 24}.${(first >>> 16) & 255}.${(first >>> 8) & 255}.${first & 255}/${prefix}`;
      }),
    );
    fc.assert(
      fc.property(nested, (ranges) => {
        const items = ranges.flatMap((text) => {
          const parsed = parseRange(text);
          return parsed.ok ? [{ range: parsed.value }] : [];
        });
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
