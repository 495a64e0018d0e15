import { describe, expect, it } from '@jest/globals';
import { parseAddress, type Family } from '@postern/ip-ranges';
import { suggestEntries, type DeniedIpRecord, type Surroundings } from './suggest-entries.js';

function denied(ip: string, more: Partial<DeniedIpRecord> = {}) {
  const address = parseAddress(ip);
  if (!address.ok) throw new Error(address.detail);
  return {
    ip,
    count: 1,
    firstDeniedAt: '2026-11-20T08:00:00.000Z',
    lastDeniedAt: '2026-11-20T08:00:00.000Z',
    relays: ['mx1'],
    reasons: ['ip-not-authorized'] as const,
    ...more,
    address: address.value,
  };
}

function surroundings(more: Partial<Surroundings> & { readonly families?: readonly Family[] } = {}): Surroundings {
  return { listed: new Set(more.families ?? ['IPv4', 'IPv6']), neighbours: 1, recent: [], ...more };
}

describe('suggested entries', () => {
  it('are the address itself where nothing else is known', () => {
    expect(suggestEntries(denied('203.0.113.9', { count: 12 }), surroundings())).toEqual([
      { range: '203.0.113.9', why: 'The address itself, which was denied 12 times.', covers: 1 },
    ]);
  });

  it('are canonical, also where the relay reported another form', () => {
    expect(suggestEntries(denied('2001:DB8:0::9'), surroundings())).toMatchObject([{ range: '2001:db8::9' }]);
  });

  it('have the /24 too when three of it were denied, and not before', () => {
    const ranges = (neighbours: number) =>
      suggestEntries(denied('203.0.113.9'), surroundings({ neighbours })).map(({ range }) => range);
    expect(ranges(2)).toEqual(['203.0.113.9']);
    expect(ranges(3)).toEqual(['203.0.113.9', '203.0.113.0/24']);
  });

  it('have the /64 for IPv6, with how many of it were denied', () => {
    expect(suggestEntries(denied('2001:db8:1:2::9'), surroundings({ neighbours: 7 }))[1]).toEqual({
      range: '2001:db8:1:2::/64',
      why: '7 addresses of 2001:db8:1:2::/64 were denied: if the complete network is yours, one entry covers them all.',
      covers: 7,
    });
  });

  it('say that both families are needed when the list has only the other one', () => {
    expect(suggestEntries(denied('2001:db8::9'), surroundings({ families: ['IPv4'] }))).toEqual([
      {
        range: '2001:db8::9',
        why: 'The address itself, which was denied once. The list has only IPv4 ranges, and this is IPv6: a host that has both needs entries for both families.',
        covers: 1,
      },
    ]);
  });

  it('have the address of the other family that came to the same relay at the same time, if the list has none of it', () => {
    const recent = [
      denied('2001:db8::1', { lastDeniedAt: '2026-11-20T07:30:00.000Z' }),
      denied('2001:db8::2', { lastDeniedAt: '2026-11-20T08:00:05.000Z' }),
      denied('2001:db8::3', { lastDeniedAt: '2026-11-20T08:00:01.000Z', relays: ['mx2'] }),
      denied('198.51.100.1'),
    ];
    expect(suggestEntries(denied('203.0.113.9'), surroundings({ recent, families: ['IPv4'] }))[1]).toEqual({
      range: '2001:db8::2',
      why: '2001:db8::2 was denied about the same time at mx1 too: if it is the same host, it needs entries for both families, IPv4 and IPv6.',
      covers: 1,
    });
    expect(suggestEntries(denied('203.0.113.9'), surroundings({ recent }))).toHaveLength(1);
  });

  it('have no other family’s address that came hours apart', () => {
    const recent = [denied('2001:db8::1', { lastDeniedAt: '2026-11-20T05:00:00.000Z' })];
    expect(suggestEntries(denied('203.0.113.9'), surroundings({ recent, families: [] }))).toHaveLength(1);
  });
});
