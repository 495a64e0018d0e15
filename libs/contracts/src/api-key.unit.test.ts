import { describe, expect, it } from '@jest/globals';
import { hashSecret, matchesHash, newApiKey, parseApiKey } from './api-key.js';

describe('an API key', () => {
  it('names its role and id, and no two are alike', () => {
    const [a, b] = [newApiKey('relay'), newApiKey('relay')];
    expect(parseApiKey(a.text)).toEqual({ role: 'relay', id: a.id });
    expect(a.text).not.toBe(b.text);
  });

  it('is proved only by the hash of its complete text', () => {
    const { text } = newApiKey('admin');
    const hash = hashSecret(text);
    expect(matchesHash(text, hash)).toBe(true);
    expect(matchesHash(`${text.slice(0, -1)}x`, hash)).toBe(false);
    expect(matchesHash(text, hash.subarray(1))).toBe(false);
  });

  it.each([
    ['an unknown role', 'pst_root_0198_0123456789abcdef'],
    ['no secret', 'pst_admin_0198_'],
    ['a short secret', 'pst_admin_0198_short'],
    ['another prefix', 'sk_admin_0198_0123456789abcdef'],
    ['white space', 'pst_admin_0198_0123456789abcdef '],
    ['a length beyond any key', `pst_admin_0198_${'a'.repeat(10_000)}`],
  ])('with %s is malformed', (_, text) => {
    expect(parseApiKey(text)).toBeNull();
  });
});
