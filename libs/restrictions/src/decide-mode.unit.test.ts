import { describe, expect, it } from '@jest/globals';
import { given, added, cleared, entry, modeChanged, registered } from './testing/given.js';

describe('changing the mode', () => {
  it('says what it was', () => {
    expect(given(registered, added(entry('203.0.113.42'))).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [{ type: 'RestrictionModeChanged', data: { mode: 'report-only', previousMode: 'enforce' } }],
    });
  });

  it('is there before the first entry, so that a restriction can begin as report-only', () => {
    expect(given(registered).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [modeChanged('report-only')],
    });
  });

  it('to the same mode is no event', () => {
    expect(given(registered).when({ type: 'ChangeMode', mode: 'enforce' })).toEqual({ happened: [] });
    expect(given(registered, modeChanged('report-only')).when({ type: 'ChangeMode', mode: 'report-only' })).toEqual({
      happened: [],
    });
  });
});

describe('clearing a restriction', () => {
  it('opens the user', () => {
    expect(given(registered, added(entry('203.0.113.42'))).when({ type: 'ClearRestriction' })).toEqual({
      happened: [cleared],
    });
  });

  it('of an unrestricted user is no event, and leaves a mode that was set ahead', () => {
    expect(given(registered).when({ type: 'ClearRestriction' })).toEqual({ happened: [] });
    expect(given(registered, modeChanged('report-only')).when({ type: 'ClearRestriction' })).toEqual({ happened: [] });
  });
});
