import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from './address.js';
import { readIpv4, readIpv6 } from './read.js';

const ipv4Like = fc
  .array(fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '010', '0x7f', ' 1', '+1', '1e1', 'a')), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.join('.'));

const group = fc.oneof(
  fc.nat(0xffff).map((n) => n.toString(16)),
  fc.constantFrom('0', '0000', '00', '00db8', 'FFFF', 'fffff', 'g', ''),
);
const ipv6Like = fc
  .tuple(
    fc.array(fc.tuple(group, fc.constantFrom(':', ':', ':', ':', '::', ':::')), { maxLength: 9 }),
    fc.oneof(group, ipv4Like, fc.ipV4()),
  )
  .map(([groups, last]) => groups.flat().join('') + last);

const sixteenBytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 })
  .map((bytes) => Uint8Array.from(bytes));

/** How many runs a property gets: thousands, since most made-up texts are wrong in the first character already. */
const MANY = { numRuns: 5_000 };

describe('reading an address', () => {
  it('accepts as IPv4 exactly what node:net does', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Like, fc.ipV4(), fc.string({ maxLength: 16 })), (text) => {
        expect([text, readIpv4(text) !== null]).toEqual([text, isIPv4(text)]);
      }),
      MANY,
    );
  });

  it('accepts as IPv6 exactly what node:net does, zones left out', () => {
    fc.assert(
      fc.property(fc.oneof(ipv6Like, fc.ipV6(), fc.string({ maxLength: 16 })), (text) => {
        expect([text, readIpv6(text) !== null]).toEqual([text, isIPv6(text) && !text.includes('%')]);
      }),
      MANY,
    );
  });

  it('reads the same IPv4 bytes as ipaddr.js from every text that is strict', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect([...(readIpv4(text) ?? [])]).toEqual(ipaddr.IPv4.parse(text).toByteArray());
      }),
    );
  });

  it('reads the same IPv6 bytes as ipaddr.js from every text without the IPv4-compatible form', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV6(), ipv6Like.filter(isIPv6)).filter((text) => !/^::\d+\./.test(text)),
        (text) => {
          expect([...(readIpv6(text) ?? [])]).toEqual(ipaddr.IPv6.parse(text).toByteArray());
        },
      ),
      MANY,
    );
  });

  it('reads back every address from its canonical text', () => {
    fc.assert(
      fc.property(sixteenBytes, (bytes) => {
        expect(readIpv6(canonicalAddress(bytes))).toEqual(bytes);
        expect(readIpv4(canonicalAddress(bytes.slice(0, 4)))).toEqual(bytes.slice(0, 4));
      }),
    );
  });
});

describe('where parsers differ', () => {
  // [text, node:net accepts it, what ipaddr.js makes of it]: all of these we refuse.
  it.each([
    ['010.0.0.1', false, '8.0.0.1'],
    ['10.0.0.010', false, '10.0.0.8'],
    ['10.1', false, '10.0.0.1'],
    ['10.1.2', false, '10.1.0.2'],
    ['0x7f.1', false, '127.0.0.1'],
    ['0x7f.0.0.1', false, '127.0.0.1'],
    ['2130706433', false, '127.0.0.1'],
    ['0x7f000001', false, '127.0.0.1'],
    ['::ffff:010.0.0.1', false, '::ffff:a00:1'],
    ['fe80::1%eth0', true, 'fe80::1%eth0'],
    ['::1%1', true, '::1%1'],
  ])('%s is refused (node:net accepts: %s; ipaddr.js reads %s)', (text, acceptedByNode, readByIpaddr) => {
    expect(isIPv4(text) || isIPv6(text)).toBe(acceptedByNode);
    expect(ipaddr.parse(text).toString()).toBe(readByIpaddr);
    expect(readIpv4(text) ?? readIpv6(text)).toBeNull();
  });

  it('::192.0.2.1 is the IPv4-compatible address, and not the mapped one that ipaddr.js makes of it', () => {
    expect(ipaddr.parse('::192.0.2.1').toString()).toBe('::ffff:c000:201');
    expect([...(readIpv6('::192.0.2.1') ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]);
  });

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:',
    ':1',
    '::1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    '::00001',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '::1.2.3.4.',
    '::g',
    '[::1]',
    '::1 ',
    '::1\n',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.4\n',
    '１.2.3.4',
    '1.2.3.٤',
    '-1.2.3.4',
    '00.0.0.0',
    '1.2.3.1e1',
  ])('%j is no address to anybody', (text) => {
    expect(isIPv4(text) || isIPv6(text)).toBe(false);
    expect(readIpv4(text) ?? readIpv6(text)).toBeNull();
  });
});
