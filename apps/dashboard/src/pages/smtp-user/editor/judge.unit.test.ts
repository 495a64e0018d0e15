import { describe, expect, it } from '@jest/globals';
import { judge, type Given } from './judge.js';
import type { Listed } from './list-as-text.js';
import { pastedLines } from './pasted-lines.js';

const now = new Date('2026-11-29T12:00:00Z');
const PAST = '2026-11-01T00:00:00.000Z';
const LATER = '2027-01-31T18:00:00.000Z';
const listed = (range: string, more: Partial<Listed> = {}): Listed => ({ range, note: null, expiresAt: null, ...more });
const judged = (text: string, given: Partial<Given> = {}) =>
  judge(pastedLines(text), { list: [], mode: 'add', note: null, expiresAt: null, now, ...given });
const first = (text: string, given: Partial<Given> = {}) => judged(text, given)[0];

describe('a pasted line', () => {
  it('is new, with its canonical range and how many addresses it has', () => {
    expect(first('2001:DB8::/48 # office')).toMatchObject({
      verdict: 'new',
      entry: listed('2001:db8::/48', { note: 'office' }),
      addresses: '65,536 × /64',
      remarks: [],
    });
  });

  it('that is wrong has the reason and the corrections of the API, and keeps no other back', () => {
    const [bad, good] = judged('203.0.113.42/24\n198.51.100.7');
    expect(bad).toMatchObject({ verdict: 'bad', suggestions: ['203.0.113.0/24', '203.0.113.42'] });
    expect(good).toMatchObject({ verdict: 'new' });
  });

  it('that would let in everybody is wrong, and points at clearing', () => {
    expect(first('0.0.0.0/0')).toMatchObject({
      verdict: 'bad',
      reason: expect.stringContaining('clear its restriction'),
    });
  });

  it('that says the same as one above is repeated, in any spelling', () => {
    expect(judged('2001:db8::1\n2001:db8:0::1/128')[1]).toMatchObject({
      verdict: 'repeated',
      reason: '2001:db8::1 is in line 1 already.',
    });
  });

  it.each([
    ['with a note that is too long', `203.0.113.42 # ${'x'.repeat(501)}`, 'at most 500 characters'],
    ['with a control character in its note', '203.0.113.42 # a\u0007b', 'control characters'],
    ['with an end that is past', `203.0.113.42, ${PAST}`, 'is in the past'],
  ])('%s is wrong', (_, text, reason) => {
    expect(first(text)).toMatchObject({ verdict: 'bad', reason: expect.stringContaining(reason) });
  });

  it('has the note and the end for all where it says none', () => {
    const given = { note: 'mail', expiresAt: LATER };
    expect(first('203.0.113.42', given)).toMatchObject({ entry: listed('203.0.113.42', given) });
    expect(first('203.0.113.42 # own', given)).toMatchObject({ entry: { note: 'own', expiresAt: LATER } });
  });

  describe('that is on the list', () => {
    const office = listed('203.0.113.42', { note: 'office\nBerlin', expiresAt: LATER });
    const list = [office];

    it('is unchanged where it says nothing of its own', () => {
      expect(first('203.0.113.42', { list, note: 'mail' })).toMatchObject({ verdict: 'unchanged', entry: office });
    });
    it('is changed where it says something else', () => {
      expect(first('203.0.113.42 # Paris', { list })).toMatchObject({
        verdict: 'changed',
        entry: { note: 'Paris', expiresAt: LATER },
      });
    });
    it('is renewed where it was expired, and keeps its note', () => {
      const expired = [{ ...office, expiresAt: PAST }];
      expect(first('203.0.113.42', { list: expired })).toMatchObject({
        verdict: 'renewed',
        entry: { note: office.note, expiresAt: null },
      });
    });
    it('is unchanged in a text of the complete list if it says the same in one line', () => {
      const text = `203.0.113.42, ${LATER} # office Berlin`;
      expect(first(text, { list, mode: 'replace' })).toMatchObject({ verdict: 'unchanged', entry: office });
    });
    it('loses in such a text what the text does not say', () => {
      expect(first('203.0.113.42', { list, mode: 'replace' })).toMatchObject({
        verdict: 'changed',
        entry: listed('203.0.113.42'),
      });
    });
    it('may keep an end that is past', () => {
      const expired = [listed('203.0.113.42', { expiresAt: PAST })];
      expect(first(`203.0.113.42, ${PAST}`, { list: expired, mode: 'replace' })).toMatchObject({
        verdict: 'unchanged',
      });
    });
  });

  describe('has remarks', () => {
    const remarks = (text: string, given: Partial<Given> = {}) =>
      judged(text, given).map((one) => ('remarks' in one ? one.remarks : []));

    it('where it is very wide or private', () => {
      expect(remarks('10.0.0.0/8')).toEqual([
        [
          '10.0.0.0/8 is wider than /16: check that it contains only your own addresses.',
          '10.0.0.0/8 is private address space: no login over the internet comes from there.',
        ],
      ]);
    });
    it('where another line or an entry of the list covers it', () => {
      expect(remarks('203.0.113.42\n203.0.113.0/24')[0]).toEqual([
        '203.0.113.42 is inside 203.0.113.0/24: it adds nothing.',
      ]);
      expect(remarks('203.0.113.42', { list: [listed('203.0.113.0/24')] })[0]).toEqual([
        '203.0.113.42 is inside 203.0.113.0/24, which is on the list already: it adds nothing.',
      ]);
    });
    it('where it makes entries of the list needless', () => {
      expect(remarks('203.0.113.0/24', { list: [listed('203.0.113.1'), listed('203.0.113.2')] })[0]).toEqual([
        '203.0.113.0/24 covers 2 entries of the list.',
      ]);
    });
    it('not of expired entries, nor of those that the text does not keep', () => {
      const text = '203.0.113.42';
      expect(remarks(text, { list: [listed('203.0.113.0/24', { expiresAt: PAST })] })).toEqual([[]]);
      expect(remarks(text, { list: [listed('203.0.113.0/24')], mode: 'replace' })).toEqual([[]]);
    });
  });

  it('is judged quickly as one of 1,000 with a list of 1,000', () => {
    const addresses = (net: string) => Array.from({ length: 1_000 }, (_, i) => `${net}.${i >> 8}.${i & 255}`);
    const list = [listed('198.51.0.0/16'), ...addresses('203.0').map((range) => listed(range))];
    expect(
      judged(addresses('198.51').join('\n'), { list }).filter((one) => 'remarks' in one && one.remarks.length === 1),
    ).toHaveLength(1_000);
  });
});
