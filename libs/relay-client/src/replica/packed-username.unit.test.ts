import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PackedUsername } from './packed-username.js';

const KEY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const username = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 254,
});

function bytesOf(name: PackedUsername): string {
  return Buffer.from(name.words.buffer, 0, 4 * name.wordCount)
    .toString('latin1')
    .replace(/\0+$/, '');
}

describe('a packed username', () => {
  it('has the lower-case bytes for any case of the input', () => {
    fc.assert(
      fc.property(username, (text) => {
        const name = new PackedUsername(KEY);
        expect(name.pack(text)).toBe(true);
        expect(bytesOf(name)).toBe(text.toLowerCase());
        const hash = name.hash;
        name.pack(text.toUpperCase());
        expect(name.hash).toBe(hash);
      }),
    );
  });

  it('has the same hash when it is read back from a record', () => {
    fc.assert(
      fc.property(username, (text) => {
        const name = new PackedUsername(KEY);
        name.pack(text);
        const again = new PackedUsername(KEY);
        again.packFrom(name.words.slice(), 0, name.wordCount);
        expect(again.hash).toBe(name.hash);
      }),
    );
  });

  // The Kelvin sign's lower case is an ASCII k: a parser that folds first would let it be another user.
  it.each(['', 'a'.repeat(255), 'na\u{ef}ve', '\u{212a}im', '\u{161}mith', '\u{161}bcd'])('can not be %j', (text) => {
    expect(new PackedUsername(KEY).pack(text)).toBe(false);
  });

  it('hashes with a key of its own process, so that nobody can prepare names that collide', () => {
    const hashes = Array.from({ length: 20 }, () => {
      const name = new PackedUsername();
      name.pack('app@acme.example');
      return name.hash;
    });
    expect(new Set(hashes).size).toBeGreaterThan(15);
  });

  it('spreads names that differ in one character', () => {
    const name = new PackedUsername(KEY);
    const buckets = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) {
      name.pack(`app${i}@acme.example`);
      const bucket = name.hash >>> 27;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    expect(Math.max(...buckets)).toBeLessThan(1_150);
    expect(Math.min(...buckets)).toBeGreaterThan(850);
  });
});
