import { isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { parseRange } from './parse.js';

describe('a range of an allow list', () => {
  it.each([
    ['203.0.113.42', '203.0.113.42', 32],
    ['203.0.113.42/32', '203.0.113.42', 32],
    ['203.0.113.0/24', '203.0.113.0/24', 24],
    ['203.0.113.128/25', '203.0.113.128/25', 25],
    ['128.0.0.0/1', '128.0.0.0/1', 1],
    ['2001:DB8::1', '2001:db8::1', 128],
    ['2001:db8::/64', '2001:db8::/64', 64],
    ['2001:db8:0:0::0/127', '2001:db8::/127', 127],
    ['::ffff:203.0.113.0/120', '203.0.113.0/24', 24],
    ['::ffff:203.0.113.42', '203.0.113.42', 32],
    ['::ffff:cb00:712a/128', '203.0.113.42', 32],
    ['::ffff:128.0.0.0/97', '128.0.0.0/1', 1],
    ['::ffff:0:0:0/96', '::ffff:0:0:0/96', 96],
    ['64:ff9b::/96', '64:ff9b::/96', 96],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255/128', '255.255.255.255', 32],
  ])('%s is kept as %s', (text, canonical, prefix) => {
    expect(parseRange(text)).toMatchObject({ ok: true, value: { text: canonical, prefix } });
  });

  it.each([
    ['203.0.113.42/24', ['203.0.113.0/24', '203.0.113.42']],
    ['203.0.113.1/31', ['203.0.113.0/31', '203.0.113.1']],
    ['2001:DB8::1/64', ['2001:db8::/64', '2001:db8::1']],
    ['::ffff:203.0.113.42/120', ['203.0.113.0/24', '203.0.113.42']],
  ])('%s has host bits set: did you mean %j?', (text, suggestions) => {
    const parsed = parseRange(text);
    expect(parsed).toMatchObject({ ok: false, code: 'host-bits-set', suggestions });
    for (const suggestion of suggestions) expect(!parsed.ok && parsed.detail).toContain(suggestion);
  });

  it.each([
    ['0.0.0.0/0', []],
    ['::/0', []],
    ['::ffff:0:0/96', []],
    ['203.0.113.42/0', ['203.0.113.42']],
    ['2001:db8::1/0', ['2001:db8::1']],
    ['::/1', []],
    ['::/64', []],
    ['::/80', []],
    ['::ffff:0:0/95', ['0.0.0.0']],
    ['::fffe:0:0/95', []],
    ['::ffff:203.0.113.42/88', ['203.0.113.42']],
  ])('%s is too wide: clear the restriction instead', (text, suggestions) => {
    const parsed = parseRange(text);
    expect(parsed).toMatchObject({ ok: false, code: 'range-too-wide', suggestions });
    expect(!parsed.ok && parsed.detail).toContain('clear its restriction');
  });

  it.each(['::fffe:0:0/96', '::/96', '8000::/1', '0:0:0:0:1::/80'])(
    '%s is outside the mapped addresses, and so is accepted',
    (text) => {
      expect(parseRange(text)).toMatchObject({ ok: true, value: { family: 'IPv6' } });
    },
  );

  it.each([
    '203.0.113.0/33',
    '203.0.113.0/256',
    '2001:db8::/129',
    '2001:db8::/1000',
    '203.0.113.0/2 4',
    '203.0.113.0/٢٤',
    '/24',
    '/',
  ])('%s is no range', (text) => {
    expect(parseRange(text)).toMatchObject({ ok: false, code: 'range-invalid' });
  });

  it('that is not a text is refused without an exception', () => {
    expect(parseRange(undefined as unknown as string)).toMatchObject({ ok: false, code: 'range-invalid' });
  });

  it('accepts as a single address exactly what node:net accepts, except zones', () => {
    const withoutSlash = fc
      .oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'grapheme-ascii' }))
      .filter((t) => !t.includes('/'));
    fc.assert(
      fc.property(withoutSlash, (text) => {
        expect([text, parseRange(text).ok]).toEqual([text, isIP(text) !== 0 && !text.includes('%')]);
      }),
    );
  });

  it('accepts the network that ipaddr.js sees in an IPv4 range, and asks for it where host bits are set', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 31 }), (address, prefix) => {
        const network = `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`;
        expect(parseRange(network)).toMatchObject({ ok: true, value: { prefix, text: network } });
        const asTyped = parseRange(`${address}/${prefix}`);
        expect(asTyped.ok ? asTyped.value.text : asTyped.suggestions[0]).toBe(network);
      }),
    );
  });

  it('does so for IPv6, where the range has no mapped addresses in it', () => {
    // `::192.0.2.1` is where ipaddr.js reads another address (see "where parsers differ")
    const ipv6 = fc.ipV6().map((text) => text.replace(/^::(?=\d+\.)/, '1::'));
    const mapped = ipaddr.IPv6.parse('::ffff:0:0');
    fc.assert(
      fc.property(ipv6, fc.integer({ min: 1, max: 127 }), (address, prefix) => {
        const first = ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`);
        fc.pre(!mapped.match(first, Math.min(prefix, 96)));
        const parsed = parseRange(`${address}/${prefix}`);
        expect(parsed.ok ? parsed.value.text : parsed.suggestions[0]).toBe(`${first.toRFC5952String()}/${prefix}`);
        expect(parsed.ok || parsed.code).toBe(parsed.ok || 'host-bits-set');
      }),
    );
  });
});
