import { describe, expect, it } from '@jest/globals';
import { withDenial } from './denied-ips.js';
import type { Denial, DeniedIp } from './words.js';

const item = (ip: string) =>
  ({
    ip,
    count: 4,
    firstDeniedAt: '2026-11-01T00:00:00.000Z',
    lastDeniedAt: '2026-11-02T00:00:00.000Z',
    relays: ['mx1'],
    reasons: ['ip-not-authorized'],
  }) as DeniedIp;
const loaded = { pages: [{ items: [item('198.51.100.7'), item('192.0.2.1')], nextCursor: null }], pageParams: [''] };
const denial = (ip: string) =>
  ({ ip, count: 3, occurredAt: '2026-11-03T00:00:00.000Z', relay: 'mx2', reason: 'no-live-entry' }) as Denial;

describe('a live denial', () => {
  it('counts for its address, which stays in its place', () => {
    expect(withDenial(loaded, denial('192.0.2.1'))?.pages[0]?.items).toEqual([
      item('198.51.100.7'),
      {
        ...item('192.0.2.1'),
        count: 7,
        lastDeniedAt: '2026-11-03T00:00:00.000Z',
        relays: ['mx1', 'mx2'],
        reasons: ['ip-not-authorized', 'no-live-entry'],
      },
    ]);
  });

  it('of another address waits to be shown', () => expect(withDenial(loaded, denial('203.0.113.9'))).toBeNull());
});
