import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../changes/change-diff.js';
import { causeOf, inWords, type Checked } from './why-words.js';

const entry = (id: string, range: string, more: object = {}) => ({
  id,
  range,
  note: null,
  live: true,
  expiresAt: null,
  ...more,
});
const checked = (more: object) =>
  ({
    ip: '198.51.100.7',
    reason: 'ip-not-authorized',
    mode: 'enforce',
    matched: null,
    nearest: null,
    liveEntries: 3,
    version: 9,
    ...more,
  }) as Checked;
const words = (more: object, past = false) => {
  const { decision, why } = inWords(checked(more), past);
  return `${decision}: ${why}`;
};

describe('a decision in words', () => {
  it.each([
    [{ reason: 'unrestricted' }, 'Let in: there is no restriction: any source may log in'],
    [
      { reason: 'entry-matched', matched: entry('1', '198.51.100.0/24', { note: 'office' }) },
      'Let in: it is in 198.51.100.0/24 (office)',
    ],
    [{ reason: 'entry-matched', matched: entry('1', '198.51.100.7') }, 'Let in: 198.51.100.7 is on the list'],
    [{ nearest: entry('1', '198.51.101.0/24') }, 'Refused: on none of 3 ranges. Nearest: 198.51.101.0/24'],
    [{ liveEntries: 1 }, 'Refused: on none of 1 range'],
    [{ reason: 'no-live-entry', liveEntries: 0 }, 'Refused: on no live entry: all have expired'],
    [{ mode: 'report-only' }, 'Let in and recorded: the mode is report only; it is on none of 3 ranges'],
  ])('%#', (more, text) => expect(words(more)).toBe(text));

  it('says when the entry expired that let it in', () => {
    const nearest = entry('1', '198.51.100.7', { live: false, expiresAt: '2026-11-20T12:00:00.000Z' });
    expect(words({ nearest })).toMatch(/^Refused: on none of 3 ranges\. Its entry expired on (19|20|21) Nov 2026, /);
  });

  it('of an earlier time is in the past', () => {
    expect(words({ reason: 'unrestricted' }, true)).toBe('Let in: there was no restriction: any source could log in');
    expect(words({ reason: 'entry-matched', matched: entry('1', '198.51.100.7') }, true)).toBe(
      'Let in: 198.51.100.7 was on the list',
    );
  });
});

describe('the change that made a decision what it is', () => {
  const change = (version: number, type: string, before: object | null, after: object | null) =>
    ({ version, type, before, after }) as Change;
  const history = [
    change(
      7,
      'RestrictionAdded',
      { restricted: true, entries: [] },
      { restricted: true, entries: [entry('c', '192.0.2.1')] },
    ),
    change(
      6,
      'RestrictionRemoved',
      { restricted: true, entries: [entry('b', '198.51.0.0/16')] },
      { restricted: true, entries: [] },
    ),
    change(
      5,
      'RestrictionAdded',
      { restricted: true, entries: [] },
      { restricted: true, entries: [entry('b', '198.51.0.0/16')] },
    ),
    change(
      4,
      'RestrictionAdded',
      { restricted: false, entries: [] },
      { restricted: true, entries: [entry('a', '203.0.113.0/24')] },
    ),
    change(3, 'RestrictionCleared', { restricted: true, entries: [] }, { restricted: false, entries: [] }),
    change(1, 'SmtpUserRegistered', null, { username: 'app' }),
  ];
  const version = (more: object) => causeOf(checked(more), history)?.version ?? null;

  it('is the one that added the entry', () => {
    expect(version({ reason: 'entry-matched', matched: entry('a', '203.0.113.0/24') })).toBe(4);
  });

  it('is the one that took the entry away, else the one that restricted the user', () => {
    expect(version({})).toBe(6);
    expect(version({ ip: '8.8.8.8' })).toBe(4);
  });

  it('is the one that set the end of the entry that has expired', () => {
    expect(version({ nearest: entry('c', '198.51.100.7', { live: false }) })).toBe(7);
  });

  it('is clearing, or that there never was a restriction', () => {
    expect(version({ reason: 'unrestricted', version: 3 })).toBe(3);
    expect(version({ reason: 'unrestricted', version: 2 })).toBe(1);
  });

  it('is no later change', () => {
    expect(version({ version: 5 })).toBe(4);
    expect(version({ version: 0 })).toBeNull();
  });
});
