import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { isPrivate, isVeryWide } from './match.js';
import { parseRange } from './parse.js';
import type { IpRange } from './address.js';

const range = (text: string): IpRange => {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
};

describe('a private range', () => {
  it.each([
    '10.0.0.0/8',
    '172.31.255.255',
    '192.168.1.0/24',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '::1',
    'fd00::/8',
    'fe80::/64',
  ])('%s cannot come over the internet', (text) => {
    expect(isPrivate(range(text))).toBe(true);
  });

  it.each([
    '9.255.255.255',
    '10.0.0.0/7',
    '172.32.0.0',
    '192.169.0.0/16',
    '100.128.0.0',
    '203.0.113.0/24',
    '2001:db8::/32',
    'fec0::1',
  ])('%s can, at least in part', (text) => {
    expect(isPrivate(range(text))).toBe(false);
  });

  it('is, for single addresses, what ipaddr.js calls so', () => {
    const kinds = new Set(['private', 'carrierGradeNat', 'loopback', 'linkLocal', 'uniqueLocal']);
    const near = fc
      .tuple(fc.constantFrom(9, 10, 100, 127, 169, 172, 192, 203), fc.nat(255), fc.nat(255), fc.nat(255))
      .map((octets) => octets.join('.'));
    const near6 = fc
      .tuple(fc.constantFrom('fc00', 'fdff', 'fe80', 'febf', 'fec0', '2001', ''), fc.nat(0xffff))
      .map(([head, tail]) => `${head}::${tail.toString(16)}`);
    fc.assert(
      fc.property(fc.oneof(near, near6), (text) => {
        expect([text, isPrivate(range(text))]).toEqual([text, kinds.has(ipaddr.parse(text).range())]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a very wide range', () => {
  it.each([
    ['203.0.0.0/16', false],
    ['202.0.0.0/15', true],
    ['2001:db8::/32', false],
    ['2001:db8::/31', true],
    ['203.0.113.42', false],
  ])('%s: %s', (text, expected) => {
    expect(isVeryWide(range(text))).toBe(expected);
  });
});
