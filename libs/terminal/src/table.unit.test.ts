import { describe, expect, it } from '@jest/globals';
import { table } from './table.js';

const COLUMNS = [
  { title: 'RANGE', value: ({ range }: Row) => range },
  { title: 'NOTE', value: ({ note }: Row) => note },
];
interface Row {
  readonly range: string;
  readonly note: string;
}

describe('a table', () => {
  it('has a head, no frame, and no trailing spaces', () => {
    const rows = [
      { range: '203.0.113.0/24', note: 'office' },
      { range: '2001:db8::/64', note: '-' },
    ];
    expect(table(COLUMNS, rows, null)).toBe(
      ['RANGE           NOTE', '203.0.113.0/24  office', '2001:db8::/64   -'].join('\n'),
    );
  });

  it('becomes a block for each row if the terminal is too narrow', () => {
    const rows = [
      { range: '203.0.113.0/24', note: 'the office in Berlin' },
      { range: '2001:db8::/64', note: '-' },
    ];
    expect(table(COLUMNS, rows, 30)).toBe(
      ['RANGE  203.0.113.0/24', 'NOTE   the office in Berlin', '', 'RANGE  2001:db8::/64', 'NOTE   -'].join('\n'),
    );
  });

  it('shows what would move the cursor instead of doing it', () => {
    const rows = [{ range: '\u001b[2J', note: 'a\nb\u202e' }];
    expect(table(COLUMNS, rows, null)).toBe(['RANGE      NOTE', String.raw`\u001b[2J  a\u000ab\u202e`].join('\n'));
  });
});
