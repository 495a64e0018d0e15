import { describe, expect, it } from '@jest/globals';
import { readIfMatch } from './expected-version.js';

describe('the header If-Match', () => {
  it.each([
    [undefined, null],
    ['*', null],
    ['"7"', [7]],
    [' "7" ', [7]],
    ['"7", "8"', [7, 8]],
    ['W/"7"', [7]],
    ['"7-gzip"', [7]],
    ['"7--gzip"', [7]],
    ['W/"7-br", "8"', [7, 8]],
  ])('%j asks for the versions %j', (header, versions) => expect(readIfMatch(header)).toEqual(versions));

  it.each(['7', '"7', '"abc"', 'w/"7"', '"7-rot13"', '"7"-gzip', '', '"7" "8"', '"-1"', '"99999999999999999999"'])(
    '%j is refused, so that no change goes unguarded that was meant to be guarded',
    (header) => {
      expect(() => readIfMatch(header)).toThrow('Send the ETag as If-Match');
    },
  );
});
