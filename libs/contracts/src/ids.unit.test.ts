import { describe, expect, it } from '@jest/globals';
import { isUsername, usernameKey } from './ids.js';

describe('the comparison form of a username', () => {
  it('has A to Z in lower case', () => {
    expect(usernameKey('App.ZA@Acme.Example')).toBe('app.za@acme.example');
    expect(usernameKey('[\\]^_`{|}~')).toBe('[\\]^_`{|}~');
  });

  // By Unicode, the Kelvin sign folds to k, and the dotted capital I to two characters.
  it.each(['\u212Aelvin@acme.example', '\u0130nfo@acme.example'])(
    'leaves %s, which is no username, as it is',
    (text) => {
      expect(isUsername(text)).toBe(false);
      expect(usernameKey(text)).toBe(text);
    },
  );
});
