import { describe, expect, it } from '@jest/globals';
import { EXPIRES_SOON_MS, warningsOf } from './warnings.js';
import { NEXT_YEAR, NOW, YESTERDAY, entry } from './testing/given.js';

const warned = (...entries: Parameters<typeof warningsOf>[0]) =>
  warningsOf(entries, NOW).map(({ code, entryId }) => `${code} ${entryId}`);

describe('warnings', () => {
  it('are none for what is as it should be', () => {
    expect(warned(entry('203.0.113.0/24'), entry('2001:db8::/64', { expiresAt: NEXT_YEAR }))).toEqual([]);
  });

  it('covered-by: an entry inside another, with the narrowest that has it', () => {
    const warnings = warningsOf([entry('203.0.113.42'), entry('203.0.112.0/23'), entry('203.0.113.0/24')], NOW);
    expect(warnings).toEqual([
      {
        code: 'covered-by',
        entryId: '203.0.113.42',
        detail: expect.stringContaining('inside the entry 203.0.113.0/24'),
      },
      { code: 'covered-by', entryId: '203.0.113.0/24', detail: expect.stringContaining('203.0.112.0/23') },
    ]);
  });

  it('covered-by says until when, where the other one has an end', () => {
    const [warning] = warningsOf([entry('203.0.113.0/24', { expiresAt: NEXT_YEAR }), entry('203.0.113.42')], NOW);
    expect(warning?.detail).toContain(`until that entry expires at ${NEXT_YEAR}`);
  });

  it('covered-by: not by an entry that is expired', () => {
    expect(warned(entry('203.0.113.0/24', { expiresAt: YESTERDAY }), entry('203.0.113.42'))).toEqual([]);
  });

  it('very-wide: IPv4 shorter than /16, IPv6 shorter than /32', () => {
    const wide = [entry('202.0.0.0/15'), entry('203.0.0.0/16'), entry('2000::/31'), entry('2001:db8::/32')];
    expect(warned(...wide)).toEqual(['very-wide 202.0.0.0/15', 'very-wide 2000::/31']);
  });

  it('private-range: where no login over the internet comes from', () => {
    expect(warned(entry('192.168.1.0/24'), entry('fd00::1'))).toEqual([
      'private-range 192.168.1.0/24',
      'private-range fd00::1',
    ]);
  });

  it('expires-soon: within a week', () => {
    const at = (ms: number) => ({ expiresAt: new Date(NOW.getTime() + ms).toISOString() });
    const entries = [entry('203.0.113.1', at(EXPIRES_SOON_MS)), entry('203.0.113.2', at(EXPIRES_SOON_MS + 1))];
    expect(warned(...entries)).toEqual(['expires-soon 203.0.113.1']);
  });

  it('are several for one entry where it has several', () => {
    const both = entry('10.0.0.0/8', { expiresAt: new Date(NOW.getTime() + 1).toISOString() });
    expect(warned(both)).toEqual(['very-wide 10.0.0.0/8', 'private-range 10.0.0.0/8', 'expires-soon 10.0.0.0/8']);
  });

  it('are none for an expired entry: it grants nothing', () => {
    expect(warned(entry('10.0.0.0/8', { expiresAt: YESTERDAY }))).toEqual([]);
  });
});
