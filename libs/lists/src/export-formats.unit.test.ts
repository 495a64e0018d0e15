import { describe, expect, it } from '@jest/globals';
import { exportFormat } from './export-formats.js';

const cell = (note: string) => exportFormat('text/csv;header=present', ['note'], false).lines([{ note }]);

describe('a cell of CSV', () => {
  it.each([
    ['=1+1'],
    ['+1'],
    ['-1'],
    ['@SUM(A1)'],
    ['＝1+1'],
    [' =1+1'],
    ['\u00a0=1+1'],
    ['\u3000@x'],
    ['\u200b=1+1'],
    ['\ufeff=1+1'],
    ['\u2060\u00ad +1'],
    ['\u3164=1+1'],
    ['\u2800=1+1'],
    ['\u0000=1+1'],
  ])('that a spreadsheet would run has an apostrophe before it: %j', (text) => {
    expect(cell(text).replaceAll('"', '').replace(/\r\n$/, '')).toBe(`'${text}`);
  });

  it.each([['office'], [' a=b'], ['2001:db8::/64'], ['a -b'], ['']])('of plain text stays as it is: %j', (text) => {
    expect(cell(text).replaceAll('"', '')).toBe(`${text}\r\n`);
  });

  it.each<[unknown[], string]>([
    [['mx1', 'mx2'], 'mx1 mx2'],
    [[{ range: '203.0.113.0/24', note: 'office' }, { range: '2001:db8::9' }], '203.0.113.0/24 2001:db8::9'],
    [['=1+1', 'mx2'], "'=1+1 mx2"],
    [[], ''],
  ])('that is a list has its items as plain text, entries as ranges: %j', (list, text) => {
    expect(exportFormat('text/csv;header=present', ['list'], false).lines([{ list }])).toBe(`${text}\r\n`);
  });

  it('begins the file with a byte order mark only on request', () => {
    expect([true, false].map((mark) => exportFormat('text/csv;header=present', ['a', 'b'], mark).head)).toEqual([
      '\uFEFFa,b\r\n',
      'a,b\r\n',
    ]);
  });
});
