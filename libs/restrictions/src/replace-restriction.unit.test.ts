import { describe, expect, it } from '@jest/globals';
import {
  given,
  NEXT_YEAR,
  YESTERDAY,
  added,
  addresses,
  changedTo,
  entry,
  made,
  modeChanged,
  registered,
  replaceWith,
  taken,
} from './testing/given.js';

const office = entry('203.0.113.42', { note: 'office' });
const home = entry('198.51.100.7');
const wrong = (...errors: object[]) => ({ refused: { code: 'validation-failed', errors } });

describe('replacing a restriction', () => {
  it('is one append of added and removed, added first so that nobody is shut out in between', () => {
    const command = replaceWith([{ range: '203.0.113.42', note: 'office' }, { range: '192.0.2.0/24' }]);
    expect(given(registered, added(office, home)).when(command)).toEqual({
      happened: [added(made(1, '192.0.2.0/24')), taken(home)],
    });
  });

  it('restricts a user that was not', () => {
    expect(given(registered).when(replaceWith([{ range: '192.0.2.1' }]))).toEqual({
      happened: [added(made(1, '192.0.2.1'))],
    });
  });

  it('by the same list results in no event, in any form and order', () => {
    const same = replaceWith(
      [
        { range: '198.51.100.7/32', note: null },
        { range: '::ffff:203.0.113.42', note: 'office' },
      ],
      'enforce',
    );
    expect(given(registered, added(office, home)).when(same)).toEqual({ happened: [] });
  });

  it.each([
    ['note', { note: 'head office' }],
    ['end', { note: 'office', expiresAt: NEXT_YEAR }],
  ])('changes an entry with another %s in one event; it keeps its id', (_, change) => {
    const requested = { range: '203.0.113.42', ...change };
    expect(given(registered, added(office)).when(replaceWith([requested]))).toEqual({
      happened: [changedTo(office, { note: requested.note, expiresAt: 'expiresAt' in change ? NEXT_YEAR : null })],
    });
  });

  it('adds, changes and removes in this order, so that nobody is shut out in between', () => {
    const command = replaceWith([{ range: '192.0.2.1' }, { range: '203.0.113.42', note: null }]);
    expect(given(registered, added(office, home)).when(command)).toEqual({
      happened: [added(made(1, '192.0.2.1')), changedTo(office, { note: null, expiresAt: null }), taken(home)],
    });
  });

  it('changes the note of an expired entry whose end is sent back as it is', () => {
    const expired = entry('198.51.100.7', { expiresAt: YESTERDAY });
    const command = replaceWith([{ range: '198.51.100.7', note: 'home', expiresAt: YESTERDAY }]);
    expect(given(registered, added(expired)).when(command)).toEqual({
      happened: [changedTo(expired, { note: 'home', expiresAt: YESTERDAY })],
    });
  });

  it('keeps an expired entry that is sent back as it is', () => {
    const expired = entry('198.51.100.7', { expiresAt: YESTERDAY });
    const command = replaceWith([
      { range: '203.0.113.42', note: 'office' },
      { range: '198.51.100.7', expiresAt: YESTERDAY },
    ]);
    expect(given(registered, added(office, expired)).when(command)).toEqual({ happened: [] });
  });

  it('loosens the mode before the list', () => {
    expect(given(registered).when(replaceWith([{ range: '192.0.2.1' }], 'report-only'))).toEqual({
      happened: [modeChanged('report-only'), added(made(1, '192.0.2.1'))],
    });
  });

  it('tightens the mode after the list', () => {
    const command = replaceWith([{ range: '192.0.2.1' }], 'enforce');
    expect(given(registered, modeChanged('report-only'), added(office)).when(command)).toEqual({
      happened: [added(made(1, '192.0.2.1')), taken(office), modeChanged('enforce')],
    });
  });

  it('leaves the mode as it is where none is given', () => {
    const command = replaceWith([{ range: '192.0.2.1' }]);
    expect(given(registered, modeChanged('report-only'), added(office)).when(command)).toEqual({
      happened: [added(made(1, '192.0.2.1')), taken(office)],
    });
  });

  it('gives report-only an end, and moves it', () => {
    const end = '2026-10-02T12:00:00.000Z';
    const same = { range: '203.0.113.42', note: 'office' };
    const reporting = given(registered, modeChanged('report-only'), added(office));
    expect(reporting.when(replaceWith([same], 'report-only', end))).toMatchObject({
      happened: [{ data: { mode: 'report-only', previousMode: 'report-only', enforceAt: end } }],
    });
    const ending = given(registered, modeChanged('report-only', end), added(office));
    expect(ending.when(replaceWith([same], 'report-only', NEXT_YEAR))).toEqual({
      happened: [modeChanged('report-only', NEXT_YEAR, end)],
    });
    expect(ending.when(replaceWith([same]))).toEqual({ happened: [] });
  });

  it('replaces 1,000 entries by 1,000 others', () => {
    const full = given(registered, added(...addresses(1_000).map((range) => entry(range))));
    const others = addresses(1_000).map((range) => ({ range: range.replace('203.', '198.') }));
    const outcome = full.when(replaceWith(others));
    expect('happened' in outcome && outcome.happened.map(({ type }) => type)).toEqual([
      'RestrictionAdded',
      'RestrictionRemoved',
    ]);
  });
});

describe('a list that cannot replace a restriction', () => {
  it('is empty; the refusal points at clearing', () => {
    const outcome = given(registered, added(office)).when(replaceWith([]));
    expect(outcome).toMatchObject({ refused: { code: 'restriction-empty', errors: [] } });
    expect('refused' in outcome && outcome.refused.detail).toContain('DELETE …/restriction');
  });

  it('has a range twice', () => {
    expect(given(registered).when(replaceWith([{ range: '192.0.2.1' }, { range: '192.0.2.1/32' }]))).toMatchObject(
      wrong({ pointer: '/entries/1/range', code: 'entry-duplicate' }),
    );
  });

  it('has an end without a mode', () => {
    expect(given(registered).when(replaceWith([{ range: '192.0.2.1' }], undefined, NEXT_YEAR))).toMatchObject(
      wrong({ pointer: '/mode', code: 'field-missing' }),
    );
  });

  it('has a wrong entry and a wrong end: both are named', () => {
    expect(given(registered).when(replaceWith([{ range: 'office' }], 'report-only', YESTERDAY))).toMatchObject(
      wrong(
        { pointer: '/entries/0/range', code: 'range-invalid' },
        { pointer: '/enforceAt', code: 'expiry-in-the-past' },
      ),
    );
  });

  it('has a range that is not valid', () => {
    expect(given(registered).when(replaceWith([{ range: '203.0.113.42/24' }]))).toMatchObject(
      wrong({ pointer: '/entries/0/range', code: 'host-bits-set' }),
    );
  });

  it('has a new entry that is over', () => {
    const command = replaceWith([{ range: '192.0.2.1', expiresAt: YESTERDAY }]);
    expect(given(registered).when(command)).toMatchObject(
      wrong({ pointer: '/entries/0/expiresAt', code: 'expiry-in-the-past' }),
    );
  });

  it('moves the end of an entry to a time that is past', () => {
    const command = replaceWith([{ range: '203.0.113.42', note: 'office', expiresAt: YESTERDAY }]);
    expect(given(registered, added(office)).when(command)).toMatchObject(
      wrong({ pointer: '/entries/0/expiresAt', code: 'expiry-in-the-past' }),
    );
  });

  it('has more than 1,000 entries', () => {
    const command = replaceWith(addresses(1_001).map((range) => ({ range })));
    expect(given(registered).when(command)).toMatchObject(wrong({ pointer: '/entries', code: 'too-many-entries' }));
  });
});
