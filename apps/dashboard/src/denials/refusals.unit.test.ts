import { describe, expect, it } from '@jest/globals';
import type { Schema } from '../api/client.js';
import { inPlace, letsIn } from './refusals.js';

describe('shown refusals', () => {
  it('keep their places when others are refused, which come below them', () => {
    const refused = ['192.0.2.3', '192.0.2.2', '192.0.2.1'].map((ip) => ({ ip }));
    expect(inPlace(refused, ['192.0.2.1', '192.0.2.2']).map(({ ip }) => ip)).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
    ]);
  });
});

describe('whether a list lets an address in', () => {
  const list = (...entries: { range: string; live: boolean }[]) =>
    ({ restricted: true, entries }) as Schema<'Restriction'>;

  it('looks only at live entries', () => {
    const restriction = list({ range: '203.0.113.0/24', live: true }, { range: '198.51.100.0/24', live: false });
    expect(['203.0.113.9', '198.51.100.7', '2001:db8::1', 'no address'].map((ip) => letsIn(restriction, ip))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('is yes for any address without a restriction, and no for any without a live entry', () => {
    expect(letsIn({ ...list(), restricted: false }, '203.0.113.9')).toBe(true);
    expect(letsIn(list(), '203.0.113.9')).toBe(false);
  });
});
