import type { PackedUsername } from './packed-username.js';
import { inlineWords, keyLengthOf } from './record.js';
import {
  BLOCK_ROOM,
  BLOCK_WORDS,
  INDEX_WORDS,
  hasRoom,
  isPassed,
  notePassed,
  put,
  recordAt,
  recordsIn,
  seek,
  take,
} from './user-block.js';

/** Each segment grows on its own: with a million users it has about 4,000 and moves them in two milliseconds. */
const SEGMENT_BITS = 8;
const HASH_BITS = 31;
/** A usual record with its index entry: three ranges and a name of 21 bytes are 20.5 words. Segments differ a little. */
const USUAL_WORDS = 20.7;
/** The share of words that may be in use. Beyond it, too many records do not fit into their own block. */
const MAX_FILL = 0.865;
const GROWTH = 1.1;
/** Bounds searches: a record without room in this many blocks makes the segment grow. It is hardly ever two. */
const MAX_DISTANCE = 64;
const CACHE_LINE_WORDS = 16;
const HOME_RANGE = 1 << 23;

export class UserTable {
  readonly segments: readonly UserSegment[];

  /** @param key scratch space for the names of records that move. */
  constructor(key: PackedUsername, expectedUsers: number) {
    const expectedWords = (expectedUsers * USUAL_WORDS) / 2 ** SEGMENT_BITS;
    this.segments = Array.from({ length: 2 ** SEGMENT_BITS }, () => new UserSegment(key, expectedWords));
  }

  segment(hash: number): UserSegment {
    return this.segments[hash >>> (HASH_BITS - SEGMENT_BITS)] as UserSegment;
  }

  get users(): number {
    return this.segments.reduce((sum, segment) => sum + segment.users, 0);
  }

  get byteLength(): number {
    return this.segments.reduce((sum, segment) => sum + segment.words.byteLength, 0);
  }
}

/**
 * One part of the users, by hash. Each block is the home of an equal share of the hashes. A record that does not fit goes to the next block with
 * room; the blocks in between count it, so that a search knows when to stop.
 */
export class UserSegment {
  words: Uint32Array;
  users = 0;
  private blocks: number;
  private used = 0;
  /** Written so that the engine does not optimise the loads of `fetch` away. */
  fetched = 0;

  constructor(
    private readonly key: PackedUsername,
    expectedWords: number,
  ) {
    this.blocks = Math.max(1, Math.ceil(expectedWords / (BLOCK_ROOM * MAX_FILL)));
    this.words = new Uint32Array(this.blocks * BLOCK_WORDS);
  }

  home(hash: number): number {
    return Math.floor(((hash & (HOME_RANGE - 1)) * this.blocks) / HOME_RANGE) * BLOCK_WORDS;
  }

  /** Loads all cache lines of a block at once, while something else is done. Index then record would wait twice. */
  fetch(block: number): void {
    const { words } = this;
    // The array may begin within a cache line, so the last word may be in a line of its own.
    let sum = words[block + BLOCK_WORDS - 1] as number;
    for (let line = 0; line < BLOCK_WORDS; line += CACHE_LINE_WORDS) sum |= words[block + line] as number;
    this.fetched = sum;
  }

  /** Returns -1 if there is none. Equal index bits are not enough: the complete key is compared. */
  find(key: PackedUsername): number {
    const { words } = this;
    const hash = key.hash;
    let block = this.home(hash);
    for (let distance = 0; distance < MAX_DISTANCE; distance++) {
      for (let entry = seek(words, block, hash, 0); entry >= 0; entry = seek(words, block, hash, entry + 1)) {
        const at = recordAt(words, block, entry);
        if (key.equals(words, at + 1, keyLengthOf(words[at] as number))) return at;
      }
      if (!isPassed(words, block)) return -1;
      block = this.after(block);
      this.fetch(block);
    }
    return -1;
  }

  /** The username must not exist yet. */
  insert(hash: number, source: Uint32Array, at: number, length: number): void {
    if (this.used + length + INDEX_WORDS > MAX_FILL * BLOCK_ROOM * this.blocks) this.grow();
    while (!this.place(hash, source, at, length)) this.grow();
  }

  remove(hash: number, at: number): void {
    const { words } = this;
    const block = at - (at % BLOCK_WORDS);
    const length = inlineWords(words, at);
    let entry = seek(words, block, hash, 0);
    while (recordAt(words, block, entry) !== at) entry = seek(words, block, hash, entry + 1);
    for (let passed = this.home(hash); passed !== block; passed = this.after(passed)) notePassed(words, passed, -1);
    take(words, block, entry, length);
    this.users--;
    this.used -= length + INDEX_WORDS;
  }

  *positions(): Generator<number> {
    for (let block = 0; block < this.words.length; block += BLOCK_WORDS) {
      for (let entry = 0; entry < recordsIn(this.words, block); entry++) yield recordAt(this.words, block, entry);
    }
  }

  private after(block: number): number {
    return block + BLOCK_WORDS === this.words.length ? 0 : block + BLOCK_WORDS;
  }

  private place(hash: number, source: Uint32Array, at: number, length: number): boolean {
    const { words } = this;
    const home = this.home(hash);
    let block = home;
    for (let distance = 1; !hasRoom(words, block, length); distance++) {
      block = this.after(block);
      if (distance === MAX_DISTANCE || block === home) return false;
    }
    for (let passed = home; passed !== block; passed = this.after(passed)) notePassed(words, passed, 1);
    put(words, block, hash, source, at, length);
    this.users++;
    this.used += length + INDEX_WORDS;
    return true;
  }

  private grow(): void {
    const positions = [...this.positions()];
    const old = this.words;
    do {
      this.blocks = Math.ceil(this.blocks * GROWTH);
      this.words = new Uint32Array(this.blocks * BLOCK_WORDS);
      this.users = 0;
      this.used = 0;
    } while (!positions.every((at) => this.move(old, at)));
  }

  private move(old: Uint32Array, at: number): boolean {
    this.key.packFrom(old, at + 1, keyLengthOf(old[at] as number));
    return this.place(this.key.hash, old, at, inlineWords(old, at));
  }
}
