import { describe, expect, it } from '@jest/globals';
import { evolve, initialState } from './state.js';
import {
  given,
  NEXT_YEAR,
  added,
  cleared,
  entry,
  modeChanged,
  registered,
  removed,
  smtpUserId,
  taken,
  tenantId,
  user,
  username,
} from './testing/given.js';

const office = entry('203.0.113.42');
const home = entry('198.51.100.7');

describe('the state of an SMTP user', () => {
  it('is none before anything happened', () => {
    expect(given().state).toEqual({ status: 'none', version: 0 });
  });

  it('registered: unrestricted, and to be enforced', () => {
    expect(given(registered).state).toEqual({
      status: 'registered',
      smtpUserId,
      tenantId,
      username,
      createdAt: '2026-01-01T00:00:00.000Z',
      mode: 'enforce',
      enforceAt: null,
      restricted: false,
      entries: [],
      version: 1,
    });
  });

  it('renamed: another username, all else as it was', () => {
    const to = 'new@acme.example';
    const state = given(registered, {
      type: 'SmtpUserRenamed',
      data: { username: to, previousUsername: username },
    }).state;
    expect(state).toEqual({ ...given(registered).state, username: to, version: 2 });
  });

  it('removed: without a list', () => {
    expect(given(registered, added(office), removed).state).toEqual({
      status: 'removed',
      smtpUserId,
      tenantId,
      username,
      version: 3,
    });
  });

  it('restricted by the first entry; more are added at the end', () => {
    expect(given(registered, added(office), added(home)).state).toMatchObject({
      restricted: true,
      entries: [office, home],
      version: 3,
    });
  });

  it('is restricted still when all its entries are removed: only clearing opens it', () => {
    expect(given(registered, added(office, home), taken(office), taken(home)).state).toMatchObject({
      restricted: true,
      entries: [],
    });
  });

  it('cleared: unrestricted, the mode back at enforce, without an end', () => {
    expect(given(registered, modeChanged('report-only', NEXT_YEAR), added(office), cleared).state).toMatchObject({
      restricted: false,
      entries: [],
      mode: 'enforce',
      enforceAt: null,
      version: 4,
    });
  });

  it('keeps a mode, and its end, through additions and removals', () => {
    const state = given(registered, modeChanged('report-only', NEXT_YEAR), added(office, home), taken(home)).state;
    expect(state).toMatchObject({ mode: 'report-only', enforceAt: NEXT_YEAR, entries: [office] });
  });

  it('takes its version from a recorded event', () => {
    expect(evolve(initialState(), { ...registered, version: 7 }).version).toBe(7);
  });

  it('leaves the state before it unchanged', () => {
    const before = user(given(registered, added(office)).state);
    const copy = structuredClone(before);
    for (const event of [added(home), taken(office), cleared, modeChanged('report-only'), removed])
      evolve(before, event);
    expect(before).toEqual(copy);
  });

  it('cannot come from a damaged stream', () => {
    expect(() => evolve(initialState(), cleared)).toThrow('RestrictionCleared as version 1, where it is none');
    expect(() => given(registered, removed, added(office))).toThrow('where it is removed');
    expect(() => given(registered, registered)).toThrow('where it is registered');
  });
});
