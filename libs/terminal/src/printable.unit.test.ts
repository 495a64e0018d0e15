import { describe, expect, it } from '@jest/globals';
import { printable } from './printable.js';

describe('text of others on a terminal', () => {
  it.each([
    ['an escape', '\u001b[2J', String.raw`\u001b[2J`],
    ['a control of C1', '\u009b2J', String.raw`\u009b2J`],
    ['a mark that changes the direction of writing', 'a\u202eb', String.raw`a\u202eb`],
    ['an Arabic letter mark', 'a\u061cb', String.raw`a\u061cb`],
    ['a zero-width space', 'a\u200bb', String.raw`a\u200bb`],
    ['a soft hyphen', 'a\u00adb', String.raw`a\u00adb`],
    ['a byte order mark', '\ufeffa', String.raw`\ufeffa`],
    ['a line separator', 'a\u2028b', String.raw`a\u2028b`],
    ['a paragraph separator', 'a\u2029b', String.raw`a\u2029b`],
    ['a tag character', 'a\u{e0041}b', String.raw`a\u{e0041}b`],
  ])('shows %s', (_, text, shown) => expect(printable(text)).toBe(shown));

  it('leaves letters and symbols of all scripts as they are', () => {
    expect(printable('Büro 東京 😀 – “x”')).toBe('Büro 東京 😀 – “x”');
  });
});
