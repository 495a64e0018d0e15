import { describe, expect, it } from '@jest/globals';
import type { DenialFilters } from '../../denials/queries.js';
import type { Denial } from '../../denials/words.js';
import { csvLink, matches } from './filter-denials.js';

const denial = {
  occurredAt: '2026-11-29T12:00:00.000Z',
  ip: '198.51.100.7',
  username: 'App@acme.example',
  relay: 'mx1',
  reason: 'ip-not-authorized',
  refused: true,
} as Denial;

describe('a live denial', () => {
  it.each<[DenialFilters, boolean]>([
    [{}, true],
    [{ from: '2026-11-29T12:00:00.000Z', to: '2026-11-29T12:00:00.001Z' }, true],
    [{ to: '2026-11-29T12:00:00.000Z' }, false],
    [{ from: '2026-11-29T12:00:00.001Z' }, false],
    [{ ip: '198.51.100.0/24' }, true],
    [{ ip: '198.51.100.8' }, false],
    [{ ip: 'no address' }, false],
    [{ username: 'app@ACME.example' }, true],
    [{ username: 'app' }, false],
    [{ relay: 'MX1' }, false],
    [{ reason: 'no-live-entry' }, false],
    [{ refused: 'true' }, true],
    [{ refused: 'false' }, false],
  ])('belongs to the list of %j: %s', (filters, belongs) => expect(matches(denial, filters)).toBe(belongs));
});

describe('the link to a CSV file', () => {
  it('has the filters that are used, as they are', () => {
    expect(csvLink('/v1/tenants/acme/denials', { from: undefined, ip: '2001:db8::/64', relay: 'mx & 1' })).toBe(
      '/v1/tenants/acme/denials?ip=2001%3Adb8%3A%3A%2F64&relay=mx+%26+1&format=csv&bom=true',
    );
  });
});
