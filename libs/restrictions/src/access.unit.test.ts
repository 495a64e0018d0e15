import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress, type IpAddress } from '@postern/ip-ranges';
import { decideAccess, type AccessPolicy } from './access.js';
import { modeAt } from './mode.js';
import { given, NOW, YESTERDAY, added, cleared, entry, modeChanged, registered, taken, user } from './testing/given.js';

const ip = (text: string): IpAddress | null => {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value : null;
};
const enforced = { restricted: true, mode: 'enforce', enforceAt: null } as const;
const policy = (...entries: AccessPolicy['entries']): AccessPolicy => ({ ...enforced, entries });
const office = entry('203.0.113.0/24');
const expired = entry('203.0.113.0/24', { id: 'old', expiresAt: YESTERDAY });
const fine = { denial: false, refused: false };

describe('the four states', () => {
  it('an unknown user defers, for any address', () => {
    const expected = { decision: 'defer', reason: 'smtp-user-unknown', matched: null, ...fine };
    expect(decideAccess(null, ip('203.0.113.9'), NOW)).toEqual(expected);
    expect(decideAccess(null, null, NOW)).toEqual(expected);
  });

  it('an unrestricted user may log in from anywhere, also where the relay cannot say from where', () => {
    const expected = { decision: 'allow', reason: 'unrestricted', matched: null, ...fine };
    const unrestricted = user(given(registered).state);
    expect(decideAccess(unrestricted, ip('198.51.100.1'), NOW)).toEqual(expected);
    expect(decideAccess(unrestricted, null, NOW)).toEqual(expected);
  });

  it('a restricted user may log in on a match, and nowhere else', () => {
    const restricted = policy(entry('2001:db8::/64'), office);
    expect(decideAccess(restricted, ip('203.0.113.9'), NOW)).toEqual({
      decision: 'allow',
      reason: 'entry-matched',
      matched: 1,
      ...fine,
    });
    expect(decideAccess(restricted, ip('203.0.114.9'), NOW)).toEqual({
      decision: 'deny',
      reason: 'ip-not-authorized',
      matched: null,
      denial: true,
      refused: true,
    });
  });

  it('an expired last entry denies; it does not open the user', () => {
    expect(decideAccess(policy(expired), ip('203.0.113.9'), NOW)).toEqual({
      decision: 'deny',
      reason: 'no-live-entry',
      matched: null,
      denial: true,
      refused: true,
    });
  });

  it('a restricted user whose entries are all gone is denied; only clearing opens it', () => {
    const emptied = user(given(registered, added(office), taken(office)).state);
    expect(decideAccess(emptied, ip('203.0.113.9'), NOW)).toMatchObject({ decision: 'deny', reason: 'no-live-entry' });
    const opened = user(given(registered, added(office), cleared).state);
    expect(decideAccess(opened, ip('203.0.113.9'), NOW)).toMatchObject({ decision: 'allow', reason: 'unrestricted' });
  });
});

describe('an entry with an end', () => {
  it('is honoured until the millisecond before it', () => {
    const ends = policy(entry('203.0.113.9', { expiresAt: NOW.toISOString() }));
    const before = new Date(NOW.getTime() - 1);
    expect(decideAccess(ends, ip('203.0.113.9'), before)).toMatchObject({ decision: 'allow', matched: 0 });
    expect(decideAccess(ends, ip('203.0.113.9'), NOW)).toMatchObject({ decision: 'deny', reason: 'no-live-entry' });
  });

  it('is passed over for a live one that matches too', () => {
    expect(decideAccess(policy(expired, office), ip('203.0.113.9'), NOW)).toMatchObject({ matched: 1 });
  });

  it('leaves the reason ip-not-authorized where another one is live', () => {
    const other = entry('198.51.100.7');
    expect(decideAccess(policy(expired, other), ip('203.0.113.9'), NOW)).toMatchObject({ reason: 'ip-not-authorized' });
  });
});

describe('report-only', () => {
  const reporting = (...entries: AccessPolicy['entries']) => ({ ...policy(...entries), mode: 'report-only' as const });

  it.each([
    ['ip-not-authorized', office],
    ['no-live-entry', expired],
  ])('lets a mismatch through with the reason %s, and on record', (reason, one) => {
    expect(decideAccess(reporting(one), ip('198.51.100.1'), NOW)).toEqual({
      decision: 'allow',
      reason,
      matched: null,
      denial: true,
      refused: false,
    });
  });

  it('has nothing to record of a match', () => {
    expect(decideAccess(reporting(office), ip('203.0.113.9'), NOW)).toMatchObject({ reason: 'entry-matched', ...fine });
  });

  it('set before the first entry is the mode of the first entry', () => {
    const state = user(given(registered, modeChanged('report-only'), added(office)).state);
    expect(decideAccess(state, ip('198.51.100.1'), NOW)).toMatchObject({
      decision: 'allow',
      denial: true,
      refused: false,
    });
  });
});

describe('report-only with an end', () => {
  const until = (enforceAt: string) => ({ ...policy(office), mode: 'report-only' as const, enforceAt });

  it('lets a mismatch through until the millisecond before it, and denies from then on', () => {
    const ends = until(NOW.toISOString());
    const before = new Date(NOW.getTime() - 1);
    const mismatch = { reason: 'ip-not-authorized', matched: null, denial: true };
    expect(decideAccess(ends, ip('198.51.100.1'), before)).toEqual({ decision: 'allow', ...mismatch, refused: false });
    expect(decideAccess(ends, ip('198.51.100.1'), NOW)).toEqual({ decision: 'deny', ...mismatch, refused: true });
  });

  it('that cannot be read is over', () => {
    expect(decideAccess(until('soon'), ip('198.51.100.1'), NOW)).toMatchObject({ decision: 'deny' });
  });

  it('decides at any instant as the mode that is in force then', () => {
    const instant = fc.integer({ min: -2, max: 2 }).map((ms) => new Date(NOW.getTime() + ms));
    const ends = fc.option(instant.map((date) => date.toISOString()));
    const lists = fc.subarray([office, expired, entry('2001:db8::/64')]);
    const addresses = fc.constantFrom('203.0.113.9', '198.51.100.1', '2001:db8::1', 'no address');
    fc.assert(
      fc.property(ends, lists, fc.boolean(), addresses, instant, (enforceAt, entries, restricted, from, at) => {
        const reporting = { restricted, mode: 'report-only' as const, enforceAt, entries };
        const mode = enforceAt !== null && at.toISOString() >= enforceAt ? 'enforce' : 'report-only';
        expect(modeAt(reporting, at)).toBe(mode);
        const same = { restricted, mode, enforceAt: null, entries } as const;
        expect(decideAccess(reporting, ip(from), at)).toEqual(decideAccess(same, ip(from), at));
      }),
    );
  });
});

describe('what cannot be parsed', () => {
  it.each(['enforce', 'report-only'] as const)(
    'is an address that is never allowed where there is a restriction: %s',
    (mode) => {
      for (const entries of [[office], [expired]]) {
        expect(decideAccess({ ...policy(...entries), mode }, ip('203.0.113.009'), NOW)).toEqual({
          decision: 'deny',
          reason: 'source-ip-invalid',
          matched: null,
          denial: true,
          refused: true,
        });
      }
    },
  );

  it('is a range that matches nothing', () => {
    expect(decideAccess(policy(entry('0.0.0.0/0'), entry('rubbish')), ip('203.0.113.9'), NOW)).toMatchObject({
      decision: 'deny',
      reason: 'ip-not-authorized',
    });
  });

  it('is an end that is over', () => {
    expect(decideAccess(policy(entry('203.0.113.9', { expiresAt: 'soon' })), ip('203.0.113.9'), NOW)).toMatchObject({
      decision: 'deny',
      reason: 'no-live-entry',
    });
  });
});

describe('an entry that was changed in place, against the types', () => {
  it('counts as it is now, not as it was when first read', () => {
    const changing = { range: '203.0.113.9', expiresAt: '2030-01-01T00:00:00.000Z' };
    expect(decideAccess(policy(changing), ip('203.0.113.9'), NOW)).toMatchObject({ decision: 'allow' });
    changing.range = '203.0.113.10';
    expect(decideAccess(policy(changing), ip('203.0.113.9'), NOW)).toMatchObject({ reason: 'ip-not-authorized' });
    changing.expiresAt = YESTERDAY;
    expect(decideAccess(policy(changing), ip('203.0.113.10'), NOW)).toMatchObject({ reason: 'no-live-entry' });
  });
});
