import { BlockList } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { type IpAddress, type IpRange, neighbourhood, rangeOf, widen } from './address.js';
import { contains, covers } from './match.js';
import { parseAddress, parseRange } from './parse.js';

const address = (text: string): IpAddress => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
};
const range = (text: string): IpRange => {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
};

/** Two addresses that agree in their first bits and a prefix near where they part: random ones would hardly ever match. */
const nearPair = fc
  .tuple(fc.constantFrom(4, 16), fc.nat(128), fc.integer({ min: -2, max: 2 }))
  .chain(([length, bits, off]) =>
    fc.tuple(
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.constant(Math.min(length * 8 - 1, bits)),
      fc.constant(off),
    ),
  )
  .map(([bytes, bit, off]) => {
    const flipped = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
    const prefix = Math.min(bytes.length * 8, Math.max(1, bit + off));
    const texts = [bytes, flipped].map((b) => ipaddr.fromByteArray([...b]).toString());
    return { one: texts[0] ?? '', other: texts[1] ?? '', prefix };
  })
  .filter(({ one, other }) => address(one).family === address(other).family);

describe('matching', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.42', '203.0.113.42', true],
    ['203.0.113.42', '203.0.113.43', false],
    ['203.0.113.128/25', '203.0.113.127', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['::ffff:203.0.113.0/120', '203.0.113.9', true],
    ['203.0.113.0/24', '::203.0.113.9', false],
    ['203.0.113.0/24', '64:ff9b::203.0.113.9', false],
    ['203.0.113.0/24', '2002:cb00:7109::1', false],
  ])('%s has %s in it: %s', (outer, inner, expected) => {
    expect(contains(range(outer), address(inner))).toBe(expected);
  });

  it('agrees with net.BlockList and with ipaddr.js around the last bit of every prefix', () => {
    fc.assert(
      fc.property(nearPair, ({ one, other, prefix }) => {
        const network = widen(address(one), Math.min(prefix, address(one).bytes.length * 8));
        const list = new BlockList();
        const family = network.family === 'IPv4' ? 'ipv4' : 'ipv6';
        list.addSubnet(address(one).text, network.prefix, family);
        const [a, b] = [ipaddr.process(address(one).text), ipaddr.process(address(other).text)];
        for (const text of [one, other])
          expect(contains(network, address(text))).toBe(list.check(address(text).text, family));
        expect(contains(network, address(other))).toBe(b.match(a, network.prefix));
      }),
      { numRuns: 2_000 },
    );
  });

  it('covers a range exactly if it covers both its ends', () => {
    fc.assert(
      fc.property(nearPair, fc.integer({ min: 1, max: 128 }), ({ one, other, prefix }, innerPrefix) => {
        const bits = address(one).bytes.length * 8;
        const outer = widen(address(one), Math.min(prefix, bits));
        const inner = widen(address(other), Math.min(innerPrefix, bits));
        const last = inner.first.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, inner.prefix - i * 8))));
        const ends = [inner.first, last].map((bytes) => ({ family: inner.family, bytes, text: '' }));
        expect(covers(outer, inner)).toBe(ends.every((end) => contains(outer, end)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('widening', () => {
  it('suggests the /24 or /64 around an address', () => {
    expect(neighbourhood(address('203.0.113.42')).text).toBe('203.0.113.0/24');
    expect(neighbourhood(address('2001:db8:1:2:3::4')).text).toBe('2001:db8:1:2::/64');
  });

  it('makes a range of one address, without a prefix', () => {
    expect(rangeOf(address('203.0.113.42'))).toEqual(range('203.0.113.42'));
    expect(rangeOf(address('2001:DB8::1'))).toEqual(range('2001:db8::1'));
  });

  it.each([-1, 33, 1.5, Number.NaN])('to a prefix of %s bits is a mistake of the caller', (prefix) => {
    expect(() => widen(address('203.0.113.42'), prefix)).toThrow('whole number from 0 to 32');
  });
});
