import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseAddress, parseRange } from './parse.js';

describe('a refused range says what may have been meant', () => {
  it.each([
    ['leading zeros', '010.0.0.1', ['10.0.0.1', '8.0.0.1']],
    ['leading zeros', '203.0.113.042', ['203.0.113.42', '203.0.113.34']],
    ['leading zeros', '08.0.0.1', ['8.0.0.1']],
    ['leading zeros', '::ffff:010.0.0.1', ['10.0.0.1', '8.0.0.1']],
    ['hexadecimal', '0x7f.0.0.1', ['127.0.0.1']],
    ['hexadecimal', '0x7f.1', ['127.0.0.1']],
    ['hexadecimal', '0x7f000001', ['127.0.0.1']],
    ['four decimal numbers', '2130706433', ['127.0.0.1']],
    ['four decimal numbers', '10.1', ['10.0.0.1', '10.1.0.0/16']],
    ['four decimal numbers', '10.1/16', ['10.1.0.0/16']],
    ['four decimal numbers', '10/8', ['10.0.0.0/8']],
    ['four decimal numbers', '10', ['10.0.0.0/8']],
    ['at most 255', '203.0.113.256', []],
    ['white space', ' 203.0.113.42\n', ['203.0.113.42']],
    ['white space', '203.0.113.0 / 24', ['203.0.113.0/24']],
    ['white space', '203.0.113.0 255.255.255.0', ['203.0.113.0/24']],
    ['white space', '203.0.113.4 2', []],
    ['ASCII', '２０３.0.113.42', ['203.0.113.42']],
    ['ASCII', '203.0.113.42\u200b', ['203.0.113.42']],
    ['ASCII', '\u00a0203.0.113.0/24', ['203.0.113.0/24']],
    ['ASCII', '203.0.113.42\u0000', ['203.0.113.42']],
    ['ASCII', 'адрес', []],
    ['sign', '203.0.113.0/+24', ['203.0.113.0/24']],
    ['sign', '203.0.113.0/-24', []],
    ['leading zeros', '203.0.113.0/024', ['203.0.113.0/24']],
    ['leading zeros', '203.0.113.0/00', ['203.0.113.0']],
    ['at most 32', '203.0.113.0/33', []],
    ['at most 128', '2001:db8::/129', []],
    ['missing', '203.0.113.42/', ['203.0.113.42']],
    ['whole number', '203.0.113.0/24/8', []],
    ['whole number', '203.0.113.0/24.5', []],
    ['dotted mask', '203.0.113.0/255.255.255.0', ['203.0.113.0/24']],
    ['dotted mask', '203.0.113.42/255.255.255.0', ['203.0.113.0/24', '203.0.113.42']],
    ['dotted mask', '203.0.113.0/255.0.255.0', []],
    ['zone', 'fe80::1%eth0', ['fe80::1']],
    ['zone', 'fe80::%eth0/64', ['fe80::/64']],
    ['brackets', '[2001:db8::1]', ['2001:db8::1']],
    ['port', '[2001:db8::1]:587', ['2001:db8::1']],
    ['port', '203.0.113.42:587', ['203.0.113.42']],
    ['tag', '[IPv6:2001:db8::1]', ['2001:db8::1']],
    ['span', '203.0.113.0-203.0.113.255', ['203.0.113.0/24']],
    ['span', '203.0.113.64-127', ['203.0.113.64/26']],
    ['span', '203.0.113.1-203.0.113.5', []],
    ['span', '203.0.113.9-203.0.113.5', []],
    ['wildcard', '203.0.113.*', ['203.0.113.0/24']],
    ['wildcard', '203.0.*.*', ['203.0.0.0/16']],
    ['wildcard', '*', []],
    ['one address or range at a time', '203.0.113.1,203.0.113.2', []],
    ['four hexadecimal digits', '2001:00db8::1', ['2001:db8::1']],
    ['nothing', '', []],
    ['is not an address or a range', 'mail.acme.example', []],
    ['is not an address or a range', '1:2:3', []],
    ['has 65 characters', '1'.repeat(65), []],
    ['white space', ' 010.0.0.0/255.0.0.0 ', ['10.0.0.0/8', '8.0.0.0/8']],
    ['sign', '0.0.0.0/+0', []],
  ])('%s: %j → %j', (reason, text, suggestions) => {
    const parsed = parseRange(text);
    expect(parsed).toMatchObject({ ok: false, code: 'range-invalid', suggestions });
    expect(!parsed.ok && parsed.detail).toContain(reason);
  });

  it('suggests only accepted texts, in canonical form', () => {
    const typed = fc.stringMatching(/^[[\]0-9a-fx:.*/%+ -]{0,24}$/);
    fc.assert(
      fc.property(typed, (text) => {
        for (const parse of [parseRange, parseAddress]) {
          const parsed = parse(text);
          for (const suggestion of parsed.ok ? [] : parsed.suggestions) {
            const accepted = parse(suggestion);
            expect(accepted.ok && accepted.value.text).toBe(suggestion);
          }
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('never throws and always returns a sentence', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const parsed = parseRange(text);
        expect(parsed.ok || parsed.detail.endsWith('.')).toBe(true);
      }),
    );
  });
});
