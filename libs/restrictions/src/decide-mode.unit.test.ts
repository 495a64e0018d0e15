import { describe, expect, it } from '@jest/globals';
import type { CommandOf } from './commands.js';
import { given, NEXT_YEAR, NOW, YESTERDAY, added, cleared, entry, modeChanged, registered } from './testing/given.js';

describe('changing the mode', () => {
  it('says what it was', () => {
    expect(given(registered, added(entry('203.0.113.42'))).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [
        {
          type: 'RestrictionModeChanged',
          data: { mode: 'report-only', previousMode: 'enforce', enforceAt: null, previousEnforceAt: null },
        },
      ],
    });
  });

  it('is there before the first entry, so that a restriction can begin as report-only', () => {
    expect(given(registered).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [modeChanged('report-only')],
    });
  });

  it('to the same mode gives no event', () => {
    expect(given(registered).when({ type: 'ChangeMode', mode: 'enforce' })).toEqual({ happened: [] });
    expect(given(registered, modeChanged('report-only')).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [],
    });
  });
});

describe('report-only with an end', () => {
  const inAnHour = new Date(NOW.getTime() + 3_600_000);
  const end = inAnHour.toISOString();
  const reportOnly = (enforceAt?: string | null): CommandOf<'ChangeMode'> => ({
    type: 'ChangeMode',
    mode: 'report-only',
    enforceAt,
  });
  const enforce = (enforceAt?: string | null): CommandOf<'ChangeMode'> => ({
    type: 'ChangeMode',
    mode: 'enforce',
    enforceAt,
  });
  const reporting = given(registered, added(entry('203.0.113.42')), modeChanged('report-only', end));
  const wrong = (code: string) => ({ refused: { errors: [{ pointer: '/enforceAt', code, suggestions: [] }] } });

  it('is set in UTC, whatever the offset it comes with', () => {
    expect(given(registered).when(reportOnly('2026-10-01T16:00:00+03:00'))).toEqual({
      happened: [modeChanged('report-only', end)],
    });
  });

  it('may be a year ahead, also in a leap year', () => {
    const leap = new Date('2028-01-01T00:00:00.000Z');
    const happened = [modeChanged('report-only', '2029-01-01T00:00:00.000Z')];
    expect(given(registered).when(reportOnly('2029-01-01T00:00:00Z'), leap)).toEqual({ happened });
  });

  it('is moved by another end, and says what it was', () => {
    expect(reporting.when(reportOnly(NEXT_YEAR))).toEqual({ happened: [modeChanged('report-only', NEXT_YEAR, end)] });
  });

  it.each([undefined, null])('is taken away by report-only with the end %s', (none) => {
    expect(reporting.when(reportOnly(none))).toEqual({ happened: [modeChanged('report-only', null, end)] });
  });

  it.each([
    ['before its instant', NOW],
    ['after it', inAnHour],
  ])('is ended by enforce, %s', (_, now) => {
    expect(reporting.when(enforce(), now)).toEqual({ happened: [modeChanged('enforce', null, end)] });
  });

  it('begins again by a new end, once the old one is past', () => {
    expect(reporting.when(reportOnly(NEXT_YEAR), inAnHour)).toEqual({
      happened: [modeChanged('report-only', NEXT_YEAR, end)],
    });
  });

  it('to what is set gives no event, sent as it was set or as it is shown', () => {
    expect(reporting.when(reportOnly(end))).toEqual({ happened: [] });
    expect(reporting.when(reportOnly(end), inAnHour)).toEqual({ happened: [] });
    expect(reporting.when(enforce(end), inAnHour)).toEqual({ happened: [] });
  });

  it('is removed by clearing, in one event', () => {
    expect(reporting.when({ type: 'ClearRestriction' })).toEqual({ happened: [cleared] });
  });

  it.each([
    ['is past', 'expiry-in-the-past', reportOnly(YESTERDAY)],
    ['is now', 'expiry-in-the-past', reportOnly(NOW.toISOString())],
    ['is more than a year ahead', 'validation-failed', reportOnly('2027-10-02T12:00:00.001Z')],
    ['is no time', 'validation-failed', reportOnly('soon')],
    ['is the empty text', 'validation-failed', reportOnly('')],
    ['comes with enforce', 'validation-failed', enforce(NEXT_YEAR)],
  ])('is refused where it %s', (_, code, command) => {
    expect(given(registered).when(command)).toMatchObject(wrong(code));
  });

  it('is refused with enforce before its instant, also where it is set already', () => {
    expect(reporting.when(enforce(end))).toMatchObject(wrong('validation-failed'));
  });
});

describe('clearing a restriction', () => {
  it('opens the user', () => {
    expect(given(registered, added(entry('203.0.113.42'))).when({ type: 'ClearRestriction' })).toEqual({
      happened: [cleared],
    });
  });

  it('of an unrestricted user gives no event, and leaves a mode that was set before', () => {
    expect(given(registered).when({ type: 'ClearRestriction' })).toEqual({ happened: [] });
    expect(given(registered, modeChanged('report-only')).when({ type: 'ClearRestriction' })).toEqual({ happened: [] });
  });
});
