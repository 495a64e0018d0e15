import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { listAsText } from './list-as-text.js';
import { pastedLines } from './pasted-lines.js';

const OFFICE_END = '2027-01-31T18:00:00.000Z';
/** `range`, `range | note`, `range | note | end`. */
const read = (text: string) =>
  pastedLines(text)
    .filter(({ leftOut }) => leftOut === undefined)
    .map(({ typed, note, expiresAt }) => [typed, note ?? '', expiresAt ?? ''].join(' | ').replace(/[ |]+$/, ''));

describe('what was pasted', () => {
  it.each<[string, string, string[]]>([
    ['one line', '203.0.113.42', ['203.0.113.42']],
    ['lines, with empty ones and spaces', ' 203.0.113.42\r\n\n\t2001:db8::/64 \n', ['203.0.113.42', '2001:db8::/64']],
    ['commas', '203.0.113.42,203.0.113.43, 203.0.113.44,', ['203.0.113.42', '203.0.113.43', '203.0.113.44']],
    ['semicolons', '203.0.113.42; 2001:db8::1', ['203.0.113.42', '2001:db8::1']],
    ['spaces', '203.0.113.42 203.0.113.43', ['203.0.113.42', '203.0.113.43']],
    ['words between', '203.0.113.42 and 203.0.113.43', ['203.0.113.42', '203.0.113.43']],
    ['a list of a program', '["203.0.113.42", "203.0.113.43"]', ['203.0.113.42', '203.0.113.43']],
    ['bullets', '- 203.0.113.42\n• 203.0.113.43', ['203.0.113.42', '203.0.113.43']],
    ['ruled', '203.0.113.42\n-----\n203.0.113.43', ['203.0.113.42', '203.0.113.43']],
    ['a wildcard', '*', ['*']],
    ['only a comment', '# our offices\n203.0.113.42', ['203.0.113.42']],
    ['nothing', ' \n ', []],
  ])('may be %s', (_, text, expected) => expect(read(text)).toEqual(expected));

  it.each([
    ['203.0.113.42 office', 'office'],
    ['203.0.113.42 # office, Berlin', 'office, Berlin'],
    ['203.0.113.42 // office', 'office'],
    ['203.0.113.42 - office', 'office'],
    ['203.0.113.42 (office)', 'office'],
    ['203.0.113.42, office', 'office'],
    ['203.0.113.42;office', 'office'],
    ['203.0.113.42\toffice', 'office'],
    ['office: 203.0.113.42', 'office'],
    ['office, 203.0.113.42', 'office'],
    ['203.0.113.42, "office, 2nd ""floor"""', 'office, 2nd "floor"'],
    ['203.0.113.42, office, Berlin', 'office, Berlin'],
    ['203.0.113.42, replaces 203.0.113.9', 'replaces 203.0.113.9'],
    ['203.0.113.42 東京オフィス', '東京オフィス'],
  ])('may have a note: %s', (text, note) => expect(read(text)).toEqual([`203.0.113.42 | ${note}`]));

  it('may have a note for all addresses of a line', () => {
    expect(read('203.0.113.42, 203.0.113.43 # mail')).toEqual(['203.0.113.42 | mail', '203.0.113.43 | mail']);
  });

  it.each([
    '203.0.113.42, 2027-01-31T18:00:00Z # office',
    '203.0.113.42 2027-01-31T18:00:00Z # office',
    '203.0.113.42, office, 2027-01-31T19:00:00+01:00',
  ])('may have an end: %s', (text) => expect(read(text)).toEqual([`203.0.113.42 | office | ${OFFICE_END}`]));

  it.each([
    ['203.0.113.0 / 24'],
    ['203.0.113.0/255.255.255.0'],
    ['203.0.113.0 255.255.255.0'],
    ['203.0.113.0 - 203.0.113.255'],
    ['203.0.113.*'],
    ['203.0.113/24'],
    ['203.0.113.42/24'],
    ['[2001:db8::1]'],
    ['203.0.113.42:25'],
    ['fe80::1%eth0'],
    ['010.0.0.1'],
    ['mail.acme.example'],
    ['２０３.0.113.42'],
  ])('keeps %s together, so that it can be judged and corrected', (text) => expect(read(text)).toEqual([text]));

  it('says the position of each, so that a correction replaces it there', () => {
    const text = '# one\noffice, "203.0.113.42/24"\nv=spf1 ip4:198.51.100.7 -all\n';
    for (const { typed, at } of pastedLines(text)) expect(text.slice(at, at + typed.length)).toBe(typed);
    expect(pastedLines(text).map(({ line }) => line)).toEqual([2, 3]);
  });

  describe('as CSV with a header', () => {
    it('has its columns by name, in any order', () => {
      const csv =
        '\ufeffNote;"IP address";Owner;Expires\r\n"office; ""2nd""\nfloor";203.0.113.42;ci;2027-01-31T18:00:00Z\r\n;2001:db8::/64;;\r\n';
      expect(pastedLines(csv)).toEqual([
        {
          typed: '203.0.113.42',
          at: csv.indexOf('203.'),
          line: 2,
          note: 'office; "2nd"\nfloor',
          expiresAt: OFFICE_END,
        },
        { typed: '2001:db8::/64', at: csv.indexOf('2001:'), line: 4, note: null, expiresAt: null },
      ]);
    });

    it('may have tabs, as a spreadsheet copies them', () => {
      expect(read('range\tnote\n203.0.113.42\toffice, Berlin')).toEqual(['203.0.113.42 | office, Berlin']);
    });

    it('may have no rows yet', () => expect(read('range,note')).toEqual([]));
  });

  describe('as SPF', () => {
    it('has the addresses that the record allows', () => {
      const spf = '"v=spf1 ip4:203.0.113.0/24 +ip6:2001:db8::/64 ?ip4:192.0.2.1 include:_spf.acme.example mx ~all"';
      expect(read(spf)).toEqual(['203.0.113.0/24', '2001:db8::/64']);
      expect(pastedLines(spf).flatMap(({ typed, leftOut }) => (leftOut === undefined ? [] : [typed]))).toEqual([
        '?ip4:192.0.2.1',
        'include:_spf.acme.example',
        'mx',
      ]);
    });
  });

  it('is read again as it was written', () => {
    const note = fc.oneof(fc.string(), fc.stringMatching(/^[a-z ,;"#/.\n\t\d-]{0,20}$/));
    const end = fc.option(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }));
    const entry = fc.record({ range: fc.oneof(fc.ipV4(), fc.ipV6()), note: fc.option(note), end });
    fc.assert(
      fc.property(fc.array(entry), (list) => {
        const entries = list.map(({ range, note, end }) => ({ range, note, expiresAt: end && end.toISOString() }));
        const plain = (note: string | null) => note?.replaceAll(/\s+/gu, ' ').trim() || null;
        expect(
          pastedLines(listAsText(entries)).map(({ typed, note, expiresAt }) => ({
            range: typed,
            note,
            expiresAt,
          })),
        ).toEqual(entries.map((entry) => ({ ...entry, note: plain(entry.note) })));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['" 203.0.113.9"', '" 203.0.113.9", office', 'range,note\n"  203.0.113.9",office'])(
    'is found after the spaces inside its quotes: %j',
    (text) => {
      const [first] = pastedLines(text);
      expect(text.slice(first?.at).startsWith('203.0.113.9')).toBe(true);
    },
  );

  it('may be anything, and every place is inside the text', () => {
    const junk = fc.string({
      unit: fc.oneof(fc.constantFrom(...'0123456789.:/,;"# \t\n\r-[]*abcdef=v+'), fc.string()),
      maxLength: 80,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          junk,
          junk.map((text) => `range,note\n${text}`),
        ),
        (text) => {
          for (const { typed, at } of pastedLines(text)) {
            expect(typed).not.toBe('');
            if (!typed.includes('"')) expect(text.slice(at, at + typed.length)).toBe(typed);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
