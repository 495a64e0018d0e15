import { describe, expect, it } from '@jest/globals';
import { parseAddress } from '@postern/ip-ranges';
import { nearestEntry } from './nearest-entry.js';

const NOW = new Date('2026-11-29T12:00:00.000Z');
const live = (range: string) => ({ range, expiresAt: null });
const expired = (range: string, day: string) => ({ range, expiresAt: `2026-11-${day}T00:00:00.000Z` });

function nearest(ip: string, ...entries: { range: string; expiresAt: string | null }[]) {
  const address = parseAddress(ip);
  if (!address.ok) throw new Error(address.detail);
  return nearestEntry(entries, address.value, NOW)?.range ?? null;
}

describe('the nearest entry of an address that is not let in', () => {
  it.each([
    ['above it', '203.0.114.1', '203.0.113.0/24'],
    ['below it', '198.51.100.7', '198.51.101.0/24'],
    ['across a boundary of bits', '128.0.0.1', '127.255.255.0/24'],
  ])('is the one whose range is closest: %s', (_, ip, range) => {
    expect(nearest(ip, live('203.0.113.0/24'), live('198.51.101.0/24'), live('127.255.255.0/24'))).toBe(range);
  });

  it('is the entry that contained it and expired last, before any other', () => {
    const entries = [live('203.0.113.10'), expired('203.0.113.0/24', '20'), expired('203.0.113.8/29', '25')];
    expect(nearest('203.0.113.9', ...entries)).toBe('203.0.113.8/29');
  });

  it('is none that expired without containing it, and none of the other family', () => {
    expect(nearest('203.0.113.9', expired('203.0.113.10', '20'), live('2001:db8::/64'))).toBeNull();
    expect(nearest('2001:db8:1::1', live('203.0.113.0/24'), live('2001:db8::/64'))).toBe('2001:db8::/64');
  });
});
