import { describe, expect, it } from '@jest/globals';
import {
  given,
  NEXT_YEAR,
  NOW,
  YESTERDAY,
  added,
  addEntries,
  addresses,
  changedTo,
  entry,
  made,
  registered,
} from './testing/given.js';

const office = entry('203.0.113.42');
const wrong = (...errors: object[]) => ({ refused: { code: 'validation-failed', errors } });

describe('adding entries', () => {
  it('keeps the canonical range, what was typed, the note, and who added it when', () => {
    const command = addEntries({ range: '2001:DB8::/64', note: 'office', expiresAt: '2027-10-01T14:00:00+02:00' });
    expect(given(registered).when(command)).toEqual({
      happened: [added(made(1, '2001:db8::/64', { typed: '2001:DB8::/64', note: 'office', expiresAt: NEXT_YEAR }))],
    });
  });

  it('adds several in one event', () => {
    expect(given(registered, added(office)).when(addEntries({ range: '203.0.113.0/24' }, { range: '::1' }))).toEqual({
      happened: [added(made(1, '203.0.113.0/24'), made(2, '::1'))],
    });
  });

  it('renews one that is on the list, but expired: it keeps its id', () => {
    const expired = entry('203.0.113.42', { id: 'old', expiresAt: YESTERDAY });
    expect(given(registered, added(expired)).when(addEntries({ range: '::ffff:203.0.113.42' }))).toEqual({
      happened: [changedTo(expired, { note: null, expiresAt: null })],
    });
  });

  it('renews one that expires at this very millisecond', () => {
    const ending = entry('203.0.113.42', { expiresAt: NOW.toISOString() });
    expect(given(registered, added(ending)).when(addEntries({ range: '203.0.113.42' }))).toEqual({
      happened: [changedTo(ending, { note: null, expiresAt: null })],
    });
  });
});

describe('entries that cannot be added', () => {
  it('are none at all', () => {
    expect(given(registered).when(addEntries())).toMatchObject(wrong({ pointer: '/entries', code: 'field-missing' }));
  });

  it.each([
    ['range-invalid', '010.0.0.1', ['10.0.0.1', '8.0.0.1']],
    ['range-invalid', '', []],
    ['host-bits-set', '203.0.113.42/24', ['203.0.113.0/24', '203.0.113.42']],
    ['range-too-wide', '0.0.0.0/0', []],
    ['range-too-wide', '::/64', []],
  ])('are refused as %s: %j', (code, range, suggestions) => {
    expect(given(registered).when(addEntries({ range: '203.0.113.1' }, { range }))).toMatchObject(
      wrong({ pointer: '/entries/1/range', code, suggestions }),
    );
  });

  it('are already live, in any form', () => {
    expect(given(registered, added(office)).when(addEntries({ range: '::ffff:203.0.113.42' }))).toMatchObject(
      wrong({ pointer: '/entries/0/range', code: 'entry-duplicate', suggestions: [] }),
    );
  });

  it('come twice in one request: the second is the duplicate', () => {
    const twice = addEntries({ range: '2001:db8::1' }, { range: '203.0.113.1' }, { range: '2001:DB8:0::1' });
    expect(given(registered).when(twice)).toMatchObject(
      wrong({ pointer: '/entries/2/range', code: 'entry-duplicate' }),
    );
  });

  it.each([NOW.toISOString(), YESTERDAY, '2026-10-01T13:59:59+02:00'])(
    'are over before they begin: %s',
    (expiresAt) => {
      expect(given(registered).when(addEntries({ range: '203.0.113.42', expiresAt }))).toMatchObject(
        wrong({ pointer: '/entries/0/expiresAt', code: 'expiry-in-the-past' }),
      );
    },
  );

  it.each(['', 'tomorrow', '2027', '2027-10-01', '2027-02-30T00:00:00Z'])(
    'have an end that is no time: %j',
    (expiresAt) => {
      expect(given(registered).when(addEntries({ range: '203.0.113.42', expiresAt }))).toMatchObject(
        wrong({ pointer: '/entries/0/expiresAt', code: 'validation-failed' }),
      );
    },
  );

  it('have a note of more than 500 characters; 500 are fine', () => {
    const withNote = (note: string) => given(registered).when(addEntries({ range: '203.0.113.42', note }));
    expect(withNote('x'.repeat(500))).toMatchObject({ happened: [{ type: 'RestrictionAdded' }] });
    expect(withNote('x'.repeat(501))).toMatchObject(wrong({ pointer: '/entries/0/note', code: 'validation-failed' }));
  });

  it.each(['\u0000', 'a\u001bb', '\ud800'])('have a note that cannot be kept or seen: %j', (note) => {
    expect(given(registered).when(addEntries({ range: '203.0.113.42', note }))).toMatchObject(
      wrong({ pointer: '/entries/0/note', code: 'validation-failed' }),
    );
  });

  it('are all reported at once, each with its pointer, and none is added', () => {
    const command = addEntries(
      { range: '10.1' },
      { range: '203.0.113.42' },
      { range: '203.0.113.43', expiresAt: YESTERDAY },
      { range: '203.0.113.44', note: 'x'.repeat(501) },
    );
    const outcome = given(registered, added(office)).when(command);
    const pointers = 'refused' in outcome && outcome.refused.errors.map(({ pointer, code }) => `${pointer} ${code}`);
    expect(pointers).toEqual([
      '/entries/0/range range-invalid',
      '/entries/3/note validation-failed',
      '/entries/1/range entry-duplicate',
      '/entries/2/expiresAt expiry-in-the-past',
    ]);
  });

  it('are reported up to 50', () => {
    const outcome = given(registered).when(addEntries(...Array.from({ length: 80 }, () => ({ range: 'x' }))));
    expect('refused' in outcome && outcome.refused.errors.length).toBe(50);
    expect('refused' in outcome && outcome.refused.detail).toContain('79 more');
  });
});

describe('the most entries', () => {
  const thousand = addresses(1_000);
  const tooMany = wrong({ pointer: '/entries', code: 'too-many-entries' });

  it('are 1,000, also in one request', () => {
    const outcome = given(registered).when(addEntries(...thousand.map((range) => ({ range }))));
    expect('happened' in outcome && outcome.happened.length).toBe(1);
    expect(given(registered).when(addEntries(...addresses(1_001).map((range) => ({ range }))))).toMatchObject(tooMany);
  });

  it('count the existing ones, also expired ones', () => {
    const full = given(registered, added(...thousand.map((range) => entry(range, { expiresAt: YESTERDAY }))));
    expect(full.when(addEntries({ range: '198.51.100.1' }))).toMatchObject(tooMany);
  });

  it('do not count one that is renewed twice', () => {
    const full = given(registered, added(...thousand.map((range) => entry(range, { expiresAt: YESTERDAY }))));
    expect(full.when(addEntries({ range: '203.0.0.7' }))).toMatchObject({
      happened: [{ type: 'RestrictionEntriesChanged' }],
    });
  });
});
