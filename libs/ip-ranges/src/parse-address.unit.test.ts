import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseAddress } from './parse.js';

describe("a client's address", () => {
  it.each([
    ['203.0.113.42', 'IPv4', '203.0.113.42'],
    ['0.0.0.0', 'IPv4', '0.0.0.0'],
    ['2001:DB8:0::1', 'IPv6', '2001:db8::1'],
    ['::ffff:203.0.113.42', 'IPv4', '203.0.113.42'],
    ['::FFFF:cb00:712a', 'IPv4', '203.0.113.42'],
    ['0:0:0:0:0:ffff:203.0.113.42', 'IPv4', '203.0.113.42'],
  ])('%s is %s %s', (text, family, canonical) => {
    const parsed = parseAddress(text);
    expect(parsed).toMatchObject({ ok: true, value: { family, text: canonical } });
    expect(parsed.ok && parsed.value.bytes.length).toBe(family === 'IPv4' ? 4 : 16);
  });

  it.each([
    ['IPv4-compatible', '::203.0.113.42'],
    ['IPv4-translated (RFC 2765)', '::ffff:0:203.0.113.42'],
    ['NAT64', '64:ff9b::203.0.113.42'],
    ['6to4', '2002:cb00:712a::1'],
    ['Teredo', '2001:0:cb00:712a::1'],
  ])('stays plain IPv6 in the form %s: what it embeds never grants', (_, text) => {
    expect(parseAddress(text)).toMatchObject({ ok: true, value: { family: 'IPv6' } });
  });

  it('has no prefix length', () => {
    expect(parseAddress('203.0.113.42/32')).toMatchObject({ code: 'source-ip-invalid', suggestions: ['203.0.113.42'] });
  });

  it.each([undefined, null, 42, {}, ['203.0.113.42']])(
    'that is not a text (%j) is refused without an exception',
    (value) => {
      expect(parseAddress(value as unknown as string)).toMatchObject({ ok: false, code: 'source-ip-invalid' });
    },
  );

  it('is parsed to the same address from its canonical text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const parsed = parseAddress(text);
        expect(parsed.ok && parseAddress(parsed.value.text)).toEqual(parsed);
      }),
    );
  });
});
