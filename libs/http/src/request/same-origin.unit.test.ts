import { describe, expect, it } from '@jest/globals';
import { BlockList } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { callerScheme, isSameOrigin } from './source-address.js';

const trusted = new BlockList();
trusted.addAddress('192.0.2.10');
type Request = Pick<FastifyRequest, 'raw' | 'headers'>;
const from = (remoteAddress: string | undefined, headers: Record<string, string | string[]>) =>
  ({ raw: { socket: { remoteAddress } }, headers }) as unknown as Request;

describe('the scheme that a client speaks', () => {
  it.each([
    ['192.0.2.10', 'https', 'https'],
    ['192.0.2.10', 'HTTPS', 'https'],
    ['192.0.2.10', 'https, http', 'https'],
    ['192.0.2.10', 'http, https', 'http'],
    ['192.0.2.10', 'http', 'http'],
    ['192.0.2.10', 'wss', 'http'],
    ['::ffff:192.0.2.10', 'https', 'https'],
    ['192.0.2.11', 'https', 'http'],
    [undefined, 'https', 'http'],
  ])('from %s, which says %s, is %s', (peer, said, scheme) => {
    expect(callerScheme(from(peer, { 'x-forwarded-proto': said }), trusted)).toBe(scheme);
  });

  it('is http without a header', () => {
    expect(callerScheme(from('192.0.2.10', {}), trusted)).toBe('http');
  });
});

describe('whether a page of the same origin asks', () => {
  it.each([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://other.example' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://postern.example' }, false],
    [{ origin: 'https://postern.example' }, true],
    [{ origin: 'https://postern.example', host: 'POSTERN.example:443' }, true],
    [{ origin: 'https://postern.example:8443', host: 'postern.example:8443' }, true],
    [{ origin: 'http://postern.example' }, false],
    [{ origin: 'https://postern.example.evil.example' }, false],
    [{ origin: 'https://[2001:db8::1]', host: '[2001:db8::1]' }, true],
    [{ origin: 'null' }, false],
    [{ origin: 'null', host: 'a b' }, false],
    [{ origin: '' }, false],
    [{ referer: 'https://postern.example/' }, null],
  ])('by %j: %s', (headers, answer) => {
    const all = { host: 'postern.example', 'x-forwarded-proto': 'https', ...headers } as Record<string, string>;
    expect(isSameOrigin(from('192.0.2.10', all), trusted)).toBe(answer);
  });

  it('is not so where the request names no host', () => {
    expect(
      isSameOrigin(from('192.0.2.10', { origin: 'https://undefined', 'x-forwarded-proto': 'https' }), trusted),
    ).toBe(false);
  });
});
