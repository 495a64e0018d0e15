import { randomBytes } from 'node:crypto';

export const MAX_USERNAME = 254;

/** A username's character in lower case, by code; 0 for characters that no username has. */
export const LOWER_CASE = Uint8Array.from({ length: 0x80 }, (_, code) =>
  code > 0x20 && code < 0x7f ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : 0,
);

/**
 * Lower-case ASCII, four bytes per word. Reused, so that a decision allocates nothing. The hash is HalfSipHash-1-3 with a random key: nobody can
 * choose names that collide, as they could with FNV or Murmur.
 */
export class PackedUsername {
  readonly words = new Uint32Array(64 + 3);
  readonly bytes = new Uint8Array(this.words.buffer);
  /** The unused bytes of the last one are zero. No username contains a zero byte, so equal words are equal names. */
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
    const { length } = username;
    if (length === 0 || length > MAX_USERNAME) return false;
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const code = username.charCodeAt(i);
      const lower = code < 0x80 ? (LOWER_CASE[code] as number) : 0;
      if (lower === 0) return false;
      bytes[i] = lower;
    }
    this.close(length);
    return true;
  }

  /** Packs the key of a record. */
  packFrom(source: Uint32Array, at: number, wordCount: number): void {
    for (let i = 0; i < wordCount; i++) this.words[i] = source[at + i] as number;
    this.close(4 * wordCount);
  }

  equals(source: Uint32Array, at: number): boolean {
    const { words, wordCount } = this;
    for (let i = 0; i < wordCount; i++) if (source[at + i] !== words[i]) return false;
    return true;
  }

  /** Ends the name after `length` bytes. Hashes its words and three closing rounds in one loop; equal words need no length in the hash. */
  close(length: number): void {
    const { words, bytes } = this;
    const wordCount = (length + 3) >>> 2;
    this.wordCount = wordCount;
    for (let i = length; i < 4 * wordCount; i++) bytes[i] = 0;
    words[wordCount] = words[wordCount + 1] = words[wordCount + 2] = 0;
    let v0 = this.key0;
    let v1 = this.key1;
    let v2 = 0x6c796765 ^ this.key0;
    let v3 = 0x74656462 ^ this.key1;
    for (let i = 0; i < wordCount + 3; i++) {
      const m = (words[i] as number) | 0;
      if (i === wordCount) v2 ^= 0xff;
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
