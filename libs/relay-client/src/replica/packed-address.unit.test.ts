import { isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress } from '@postern/ip-ranges';
import { PackedAddress } from './packed-address.js';

const packed = new PackedAddress();

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** Family and bytes in hex, as both parsers see a text. */
function ours(text: string): string {
  const family = packed.parse(text);
  const words = Array.from(packed.words.subarray(0, family === 4 ? 1 : family === 6 ? 4 : 0), hex);
  return `${family}:${words.join('')}`;
}

function theirs(text: string): string {
  const parsed = parseAddress(text);
  if (!parsed.ok) return '0:';
  return `${parsed.value.family === 'IPv4' ? 4 : 6}:${Buffer.from(parsed.value.bytes).toString('hex')}`;
}

const near = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF::::..../% '), maxLength: 46 });
const damaged = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(45), fc.constantFrom('', '0', '1', ':', '::', '.', 'f', 'g', '%', ' '))
  .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));

describe('the address that a decision parses', () => {
  it.each([
    ['203.0.113.42', '4:cb00712a'],
    ['255.255.255.255', '4:ffffffff'],
    ['2001:db8::1', '6:20010db8000000000000000000000001'],
    ['::', '6:00000000000000000000000000000000'],
    ['1:2:3:4:5:6:7::', '6:00010002000300040005000600070000'],
    ['::ffff:203.0.113.42', '4:cb00712a'],
    ['::FFFF:cb00:712a', '4:cb00712a'],
    ['64:ff9b::203.0.113.42', '6:0064ff9b0000000000000000cb00712a'],
  ])('%s is %s', (text, expected) => {
    expect(ours(text)).toBe(expected);
  });

  it.each(['', '1', '010.0.0.1', '10.1', '1.2.3.4.', '1.2.3.256', '1.2.3.4/32', ' 1.2.3.4', 'a00:1', '1::2::3'])(
    'refuses %j',
    (text) => {
      expect(ours(text)).toBe('0:');
    },
  );

  it.each(['\u{ff11}.2.3.4', '1.2.3.\u{131}', 'fe80::1%eth0', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1.2.3'])(
    'refuses %j, which looks like an address',
    (text) => {
      expect(ours(text)).toBe('0:');
    },
  );

  it('agrees with @postern/ip-ranges, and with node:net except on zone ids, on addresses, on nearly addresses and on damaged ones', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near, damaged), (text) => {
        const parsed = ours(text);
        expect(parsed).toBe(theirs(text));
        expect(parsed !== '0:').toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 20_000 },
    );
  });
});
