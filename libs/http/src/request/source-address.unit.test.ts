import { BlockList } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { trustedProxies } from '@postern/settings';
import { sourceAddress } from './source-address.js';

function proxies(text: string): BlockList {
  const list = trustedProxies(text);
  if (!(list instanceof BlockList)) throw new Error(list.why);
  return list;
}

const TRUSTED = proxies('10.0.0.0/8, 2001:db8:feed::/48');
const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  sourceAddress({ remoteAddress, headers }, TRUSTED);

describe('the source address of a request', () => {
  it("is the socket's own, whatever an untrusted peer claims", () => {
    expect(from('203.0.113.9', { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' })).toBe('203.0.113.9');
  });

  it('is what a trusted proxy says, by either header, ports and brackets taken off', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9');
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9:4711' })).toBe('203.0.113.9');
    expect(from('10.0.0.1', { forwarded: 'for="[2001:DB8::0:1]:4711";proto=https' })).toBe('2001:db8::1');
    expect(from('2001:db8:feed::1', { forwarded: 'proto=https;For=203.0.113.9' })).toBe('203.0.113.9');
  });

  it('is the nearest untrusted hop: everything to the left of it is only its claim', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '192.0.2.1, 203.0.113.9, 10.1.1.1' })).toBe('203.0.113.9');
  });

  it('falls back to the last hop that can be read', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': 'unknown, 10.1.1.1' })).toBe('10.1.1.1');
    expect(from('10.0.0.1', { forwarded: 'for=_hidden' })).toBe('10.0.0.1');
  });

  it('trusts neither header when they name different clients: one of them came from the client', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=192.0.2.1' })).toBe('10.0.0.1');
  });

  it('is read by RFC 7239: a comma or semicolon inside quotes separates nothing', () => {
    for (const forged of [
      'host="x, for=8.8.8.8";for=203.0.113.9',
      'for=203.0.113.9;host="x;for=8.8.8.8"',
      'host="\\", for=8.8.8.8";for=203.0.113.9',
      'host="x, for=8.8.8.8", for=203.0.113.9',
      'for="203.0.113.9"; host="a, for=8.8.8.8, b"',
    ])
      expect([forged, from('10.0.0.1', { forwarded: forged })]).toEqual([
        forged,
        expect.not.stringContaining('8.8.8.8'),
      ]);
    expect(from('10.0.0.1', { forwarded: 'host="x, for=8.8.8.8";for=203.0.113.9' })).toBe('203.0.113.9');
  });

  it('is the proxy’s if Forwarded cannot be parsed: no part of it is trusted', () => {
    for (const broken of ['for="203.0.113.9', 'for=203.0.113.9;', 'for = 203.0.113.9', 'for=2001:db8::1', '=,', 'x'])
      expect([broken, from('10.0.0.1', { forwarded: broken })]).toEqual([broken, '10.0.0.1']);
  });

  it('unmaps an IPv4 client of an IPv6 socket', () => {
    expect(from('::ffff:203.0.113.9')).toBe('203.0.113.9');
  });

  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.1/8/8', '::/129', '10.0.0.0/-1', '010.0.0.1'])(
    'refuses %s as a trusted proxy',
    (text) => {
      expect(trustedProxies(`10.0.0.1,${text}`)).toEqual({ why: expect.stringContaining(text) });
    },
  );

  it('refuses a trusted network with host bits set, and suggests a correction', () => {
    expect(trustedProxies('10.0.0.1/8')).toEqual({
      why: '10.0.0.1/8 has bits set after the first 8. Send the network 10.0.0.0/8 or the single address 10.0.0.1.',
    });
    expect(trustedProxies('10.0.0.1/0')).toEqual({
      why: '10.0.0.1/0 has everybody in it: if that is meant, give 0.0.0.0/0 or ::/0.',
    });
  });

  it('trusts everybody where that is said, and a network in its mapped form too', () => {
    const claims = { 'x-forwarded-for': '203.0.113.9' };
    for (const [socket, trusted] of [
      ['192.0.2.1', '0.0.0.0/0'],
      ['2001:db8::1', '::/0'],
      ['::ffff:10.1.1.1', '::ffff:10.0.0.0/104'],
    ] as const)
      expect(sourceAddress({ remoteAddress: socket, headers: claims }, proxies(trusted))).toBe('203.0.113.9');
  });
});
