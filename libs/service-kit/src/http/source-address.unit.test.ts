import { describe, expect, it } from '@jest/globals';
import { BlockList } from 'node:net';
import { sourceAddress, trustedProxies } from './source-address.js';

function proxies(text: string): BlockList {
  const list = trustedProxies(text);
  if (!(list instanceof BlockList)) throw new Error(list.wrong);
  return list;
}

const TRUSTED = proxies('10.0.0.0/8, 2001:db8:feed::/48');
const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  sourceAddress({ remoteAddress, headers }, TRUSTED);

describe('the source address of a request', () => {
  it("is the socket's own, whatever a stranger claims", () => {
    expect(from('203.0.113.9', { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' })).toBe('203.0.113.9');
  });

  it('is what a trusted proxy says, by either header, ports and brackets taken off', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9');
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9:4711' })).toBe('203.0.113.9');
    expect(from('10.0.0.1', { forwarded: 'for="[2001:DB8::0:1]:4711";proto=https' })).toBe('2001:db8::1');
    expect(from('2001:db8:feed::1', { forwarded: 'proto=https;For=203.0.113.9' })).toBe('203.0.113.9');
  });

  it('is the nearest hop that is not trusted: what stands left of it is only its word', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '192.0.2.1, 203.0.113.9, 10.1.1.1' })).toBe('203.0.113.9');
  });

  it('falls back to the last hop that can be read', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': 'unknown, 10.1.1.1' })).toBe('10.1.1.1');
    expect(from('10.0.0.1', { forwarded: 'for=_hidden' })).toBe('10.0.0.1');
  });

  it('believes neither header when they tell different clients: one of them came through from the client', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=192.0.2.1' })).toBe('10.0.0.1');
  });

  it('unmaps an IPv4 client of an IPv6 socket', () => {
    expect(from('::ffff:203.0.113.9')).toBe('203.0.113.9');
  });

  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.1/8/8', '::/129', '10.0.0.0/-1'])(
    'refuses %s as a trusted proxy',
    (text) => {
      expect(trustedProxies(`10.0.0.1,${text}`)).toEqual({ wrong: text });
    },
  );
});
