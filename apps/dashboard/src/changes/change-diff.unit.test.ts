import { describe, expect, it } from '@jest/globals';
import { byRequest, diffOf, titleOf, type Change } from './change-diff.js';

const change = (type: string, before: object | null, after: object | null, more: object = {}) =>
  ({ type, before, after, requestId: 'r1', smtpUserId: 'u1', ...more }) as unknown as Change;
const entry = (id: string, range: string, more: object = {}) => ({ id, range, note: null, expiresAt: null, ...more });

describe('the difference of a change', () => {
  it('of entries: those gone, those that came, and both sides of those that differ', () => {
    const before = { restricted: true, entries: [entry('1', '192.0.2.1'), entry('2', '192.0.2.2'), entry('3', '::1')] };
    const after = {
      restricted: true,
      entries: [entry('2', '192.0.2.2', { note: 'office' }), entry('3', '::1'), entry('4', '192.0.2.4')],
    };
    expect(diffOf({ before, after })).toEqual([
      { kind: 'removed', text: '192.0.2.1', detail: null },
      { kind: 'removed', text: '192.0.2.2', detail: null },
      { kind: 'added', text: '192.0.2.2', detail: 'office' },
      { kind: 'added', text: '192.0.2.4', detail: null },
    ]);
  });

  it('names the end of an entry', () => {
    const after = { entries: [entry('1', '192.0.2.1', { note: 'contractor', expiresAt: '2026-12-02T12:00:00.000Z' })] };
    expect(diffOf({ before: null, after })[0]?.detail).toMatch(/^contractor, until [123] Dec 2026/);
  });

  it('says what the first entry does, and what clearing does', () => {
    const [open, restricted] = [
      { restricted: false, entries: [] },
      { restricted: true, entries: [entry('1', '192.0.2.1')] },
    ];
    expect(diffOf({ before: open, after: restricted }).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'removed any source',
      'added restricted to the list',
      'added 192.0.2.1',
    ]);
    expect(diffOf({ before: restricted, after: open }).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'removed restricted to the list',
      'added any source',
      'removed 192.0.2.1',
    ]);
  });

  it('of names and modes', () => {
    expect(diffOf({ before: { username: 'a' }, after: { username: 'b' } }).map(({ text }) => text)).toEqual([
      'username: a',
      'username: b',
    ]);
    expect(diffOf({ before: { mode: 'enforce' }, after: { mode: 'report-only' } }).map(({ text }) => text)).toEqual([
      'mode: enforced',
      'mode: report only',
    ]);
    const reporting = { mode: 'report-only', enforceAt: null };
    const ending = { ...reporting, enforceAt: '2026-12-01T12:00:00.000Z' };
    expect(diffOf({ before: ending, after: reporting })).toEqual([
      { kind: 'removed', text: expect.stringMatching(/^enforced from \d+ \w+ 2026, \d\d:00$/), detail: null },
    ]);
  });
});

describe('the title of a change', () => {
  it.each([
    [change('RestrictionAdded', null, { entries: [entry('1', '192.0.2.1')] }), 'Allowed 192.0.2.1'],
    [
      change('RestrictionRemoved', { entries: [entry('1', '192.0.2.1'), entry('2', '::1')] }, null),
      'No longer allowed: 2 ranges',
    ],
    [change('RestrictionModeChanged', null, { mode: 'report-only' }), 'Mode changed to report only'],
    [
      change('RestrictionModeChanged', null, { mode: 'report-only', enforceAt: '2026-12-01T12:00:00.000Z' }),
      expect.stringMatching(/^Mode changed to report only until \d+ \w+ 2026, \d\d:00$/),
    ],
    [change('ApiKeyRevoked', { name: 'ci', role: 'admin' }, null), 'API key ci revoked (admin)'],
    [change('FromALaterPostern', null, null), 'FromALaterPostern'],
  ])('says what was done (%#)', (each, title) => expect(titleOf(each)).toEqual(title));
});

describe('changes', () => {
  it('of one request are one', () => {
    const [added, removed] = [change('RestrictionAdded', null, null), change('RestrictionRemoved', null, null)];
    const other = change('RestrictionCleared', null, null, { requestId: 'r2' });
    const another = change('RestrictionCleared', null, null, { requestId: 'r2', smtpUserId: 'u2' });
    expect(byRequest([added, removed, other, another])).toEqual([[added, removed], [other], [another]]);
  });
});
