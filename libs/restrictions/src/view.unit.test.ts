import { describe, expect, it } from '@jest/globals';
import {
  given,
  NEXT_YEAR,
  NOW,
  YESTERDAY,
  added,
  entry,
  modeChanged,
  registered,
  removed,
  smtpUserId,
  tenantId,
  user,
  username,
} from './testing/given.js';
import { restrictionView, smtpUserView } from './view.js';

const office = entry('203.0.113.42', { note: 'office', typed: '::ffff:203.0.113.42', expiresAt: NEXT_YEAR });
const old = entry('198.51.100.7', { expiresAt: YESTERDAY });

describe('what the API shows', () => {
  it('of an SMTP user', () => {
    expect(smtpUserView(given(registered).state, NOW)).toEqual({
      id: smtpUserId,
      tenantId,
      username,
      createdAt: '2026-01-01T00:00:00.000Z',
      restriction: { restricted: false, mode: 'enforce', enforceAt: null, version: 1, entries: [], warnings: [] },
    });
  });

  it('of a restriction: every entry, and whether it is live', () => {
    expect(restrictionView(given(registered, added(office, old)).state, NOW)).toEqual({
      restricted: true,
      mode: 'enforce',
      enforceAt: null,
      version: 2,
      entries: [
        { ...office, live: true },
        { ...old, live: false },
      ],
      warnings: [],
    });
  });

  it('of report-only with an end: the mode that is in force, and the end also once it is past', () => {
    const { state } = given(registered, modeChanged('report-only', NEXT_YEAR), added(office));
    const shown = { enforceAt: NEXT_YEAR, version: 3 };
    expect(restrictionView(state, NOW)).toMatchObject({ mode: 'report-only', ...shown });
    expect(restrictionView(state, new Date(NEXT_YEAR))).toMatchObject({ mode: 'enforce', ...shown });
  });

  it('of a row of a read model', () => {
    const { restricted, mode, enforceAt, version, entries } = user(given(registered, added(office)).state);
    expect(restrictionView({ restricted, mode, enforceAt, version, entries }, NOW).entries).toHaveLength(1);
  });

  it('of no SMTP user: nothing, but a refusal', () => {
    for (const state of [given().state, given(registered, removed).state]) {
      expect(() => smtpUserView(state, NOW)).toThrow(expect.objectContaining({ code: 'smtp-user-not-found' }));
      expect(() => restrictionView(state, NOW)).toThrow(expect.objectContaining({ code: 'smtp-user-not-found' }));
    }
  });
});
