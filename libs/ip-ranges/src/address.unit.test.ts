import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { canonicalAddress, canonicalRange } from './address.js';
import { readIpv6 } from './read.js';

const sixteenBytes = fc
  .array(fc.oneof(fc.constant([0, 0]), fc.constant([0, 0]), fc.tuple(fc.nat(255), fc.nat(255))), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flat()));

describe('canonical text', () => {
  // RFC 5952, section 4, rule by rule.
  it.each([
    ['2001:0db8::0001', '2001:db8::1', 'no leading zeros'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1', 'as much as possible in ::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'one group is not shortened'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', 'the longest run'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'the first of equal runs'],
    ['2001:DB8::ABCD', '2001:db8::abcd', 'lower case'],
    ['0:0:0:0:0:0:0:0', '::', 'nothing but zeros'],
    ['1:0:0:0:0:0:0:0', '1::', 'zeros at the end'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', 'embedded IPv4 in hexadecimal'],
  ])('%s is written %s: %s', (text, canonical) => {
    expect(canonicalAddress(readIpv6(text) ?? new Uint8Array())).toBe(canonical);
  });

  it('is what the URL standard and ipaddr.js write', () => {
    fc.assert(
      fc.property(sixteenBytes, (bytes) => {
        const text = canonicalAddress(bytes);
        const inFull = (
          bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '').match(/.{4}/g) ?? []
        ).join(':');
        expect(`[${text}]`).toBe(new URL(`http://[${inFull}]/`).hostname);
        expect(text).toBe(new ipaddr.IPv6([...bytes]).toRFC5952String());
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves the prefix of a single address out', () => {
    expect(canonicalRange(Uint8Array.of(203, 0, 113, 42), 32)).toBe('203.0.113.42');
    expect(canonicalRange(Uint8Array.of(203, 0, 113, 0), 24)).toBe('203.0.113.0/24');
    expect(canonicalRange(new Uint8Array(16), 128)).toBe('::');
  });
});
