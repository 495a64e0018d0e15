import { describe, expect, it } from '@jest/globals';
import { isUsername, isUuid, newId, usernameKey } from './ids.js';

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

describe('a new id', () => {
  it('is a UUIDv7 of the present millisecond, and no other has it', () => {
    const before = Date.now();
    const ids = Array.from({ length: 1_000 }, () => newId());
    const after = Date.now();
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(id).toMatch(/^.{14}7/);
      expect(isUuid(id)).toBe(true);
      const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(after);
    }
  });
});
