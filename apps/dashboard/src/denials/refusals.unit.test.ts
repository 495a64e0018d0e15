import { describe, expect, it } from '@jest/globals';
import type { Schema } from '../api/client.js';
import { inPlace, letsIn, refusalsOf } from './refusals.js';
import type { Denial } from './words.js';

const denial = (ip: string, minute: number, more: Partial<Denial> = {}) =>
  ({
    ip,
    occurredAt: `2026-11-29T14:${String(minute).padStart(2, '0')}:00.000Z`,
    relay: 'mx1',
    reason: 'ip-not-authorized',
    refused: true,
    count: 1,
    ...more,
  }) as Denial;

describe('refused logins', () => {
  it('are counted by address, the latest address first', () => {
    const denials = [
      denial('198.51.100.7', 2, { count: 3 }),
      denial('2001:db8::9', 3),
      denial('198.51.100.7', 4, { relay: 'mx2', reason: 'no-live-entry', count: 9 }),
      denial('198.51.100.7', 1, { relay: 'mx2' }),
      denial('192.0.2.1', 5, { refused: false }),
    ];
    expect(refusalsOf(denials)).toEqual([
      {
        ip: '198.51.100.7',
        refused: 13,
        since: '2026-11-29T14:01:00.000Z',
        last: '2026-11-29T14:04:00.000Z',
        relays: ['mx2', 'mx1'],
        reason: 'no-live-entry',
      },
      expect.objectContaining({ ip: '2001:db8::9', refused: 1 }),
    ]);
  });
});

describe('shown refusals', () => {
  it('keep their places when others are refused, which come below them', () => {
    const refusals = refusalsOf([denial('192.0.2.3', 9), denial('192.0.2.2', 8), denial('192.0.2.1', 7)]);
    expect(inPlace(refusals, ['192.0.2.1', '192.0.2.2']).map(({ ip }) => ip)).toEqual([
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
