import { randomBytes } from 'node:crypto';

export const MAX_USERNAME = 254;

const FOUR_BYTES = 0x01010101;

/**
 * Lower-case ASCII, four bytes per word. Reused, so that a decision allocates nothing. The hash is HalfSipHash-1-3 with a random key: nobody can
 * choose names that collide, as they could with FNV or Murmur.
 */
export class PackedUsername {
  readonly words: Uint32Array = new Uint32Array(64 + 4);
  length = 0;
  /** The unused bytes of the last one are zero. */
  wordCount = 0;
  /** 31 bits, so that the engine keeps it as a small integer. */
  hash = 0;

  private readonly key0: number;
  private readonly key1: number;

  constructor(key: Uint8Array = randomBytes(8)) {
    const view = new DataView(key.buffer, key.byteOffset, 8);
    this.key0 = view.getInt32(0, true);
    this.key1 = view.getInt32(4, true);
  }

  /** Packs a username. Returns false if it cannot be one (empty, too long, not ASCII); then no replica has it. */
  pack(username: string): boolean {
    const length = username.length;
    if (length === 0 || length > MAX_USERNAME) return false;
    const words = this.words;
    let seen = 0;
    let count = 0;
    let i = 0;
    for (const whole = length & ~3; i < whole; i += 4) {
      const a = username.charCodeAt(i);
      const b = username.charCodeAt(i + 1);
      const c = username.charCodeAt(i + 2);
      const d = username.charCodeAt(i + 3);
      seen |= a | b | c | d;
      words[count++] = lowerCase(a | (b << 8) | (c << 16) | (d << 24));
    }
    if (i < length) {
      let tail = 0;
      for (let shift = 0; i < length; i++, shift += 8) {
        const c = username.charCodeAt(i);
        seen |= c;
        tail |= c << shift;
      }
      words[count++] = lowerCase(tail);
    }
    if (seen > 0x7f) return false;
    this.close(length);
    return true;
  }

  /** Packs the first `length` bytes, which must be lower case. */
  packBytes(bytes: Uint8Array, length: number): void {
    const words = this.words;
    words[(length - 1) >>> 2] = 0;
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) {
      const low = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
      words[i >>> 2] = low | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    }
    for (let i = whole; i < length; i++) {
      words[i >>> 2] = (words[i >>> 2] as number) | ((bytes[i] as number) << ((i & 3) << 3));
    }
    this.close(length);
  }

  /** Packs the key of a record. Bytes of the last word after `length` are not part of the key. */
  packFrom(source: Uint32Array, at: number, length: number): void {
    const count = (length + 3) >>> 2;
    for (let i = 0; i < count; i++) this.words[i] = source[at + i] ?? 0;
    if ((length & 3) !== 0) this.words[count - 1] = (this.words[count - 1] as number) & tailMask(length);
    this.close(length);
  }

  equals(source: Uint32Array, at: number, length: number): boolean {
    if (length !== this.length) return false;
    const words = this.words;
    const whole = length >>> 2;
    for (let i = 0; i < whole; i++) if (source[at + i] !== words[i]) return false;
    return (length & 3) === 0 || (((source[at + whole] as number) ^ (words[whole] as number)) & tailMask(length)) === 0;
  }

  /** HalfSipHash-1-3 over the words, the length as one more word, and three closing rounds, in one loop. */
  private close(length: number): void {
    const words = this.words;
    this.length = length;
    this.wordCount = (length + 3) >>> 2;
    const closing = this.wordCount + 1;
    words[closing - 1] = length << 24;
    words[closing] = words[closing + 1] = words[closing + 2] = 0;
    let v0 = this.key0;
    let v1 = this.key1;
    let v2 = 0x6c796765 ^ this.key0;
    let v3 = 0x74656462 ^ this.key1;
    for (let i = 0; i < closing + 3; i++) {
      const m = (words[i] as number) | 0;
      if (i === closing) v2 ^= 0xff;
      v3 ^= m;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= m;
    }
    this.hash = (v1 ^ v3) >>> 1;
  }
}

/** The bytes of the last word that are part of the key, if the length is not a multiple of four. */
const tailMask = (length: number): number => (1 << ((length & 3) << 3)) - 1;

/** Lower-cases four ASCII characters in a word. Bit 7 of each byte of the two sums means `>= 'A'` and `> 'Z'`. */
function lowerCase(word: number): number {
  const fromA = word + 0x3f * FOUR_BYTES;
  const beyondZ = word + 0x25 * FOUR_BYTES;
  return word | ((fromA & ~beyondZ & (0x80 * FOUR_BYTES)) >>> 2);
}
