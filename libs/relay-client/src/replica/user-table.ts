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

/** So many segments grow one at a time: at a million users each has some 4,000, and moves them in two milliseconds. */
const SEGMENT_BITS = 8;
const HASH_BITS = 31;
/** A usual user's record, three ranges and 21 bytes of name, with its index entry: 20.5 words; and some more, as segments are not exactly alike. */
const USUAL_WORDS = 20.7;
/** Words in use, at most, as a share: beyond it, too many records do not find room in their own block. */
const MAX_FILL = 0.865;
const GROWTH = 1.1;
/** A bound for searches: a record that finds no room within so many blocks makes the segment grow. It is hardly ever two. */
const MAX_DISTANCE = 64;
const CACHE_LINE_WORDS = 16;
/** Bits of the hash by which a user's home block is chosen. */
const HOME_RANGE = 1 << 23;

/** All users' records, split by the first bits of the hash into segments. */
export class UserTable {
  readonly segments: readonly UserSegment[];

  /** `key` is a scratch for the names of records that move. */
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
 * One part of the users, by hash: blocks, each the home of an equal share of the hashes. A record that finds no room at
 * home goes to the next block that has some; the blocks on its way count it, so that a search knows when to stop.
 * Nothing is garbage: what is taken out closes up at once.
 */
export class UserSegment {
  words: Uint32Array;
  users = 0;
  private blocks: number;
  private used = 0;
  /** Only so that the engine does not leave out the loads of `fetch`. */
  fetched = 0;

  /** `expectedWords` of records find room without growing. */
  constructor(
    private readonly key: PackedUsername,
    expectedWords: number,
  ) {
    this.blocks = Math.max(1, Math.ceil(expectedWords / (BLOCK_ROOM * MAX_FILL)));
    this.words = new Uint32Array(this.blocks * BLOCK_WORDS);
  }

  /** Where the home block of a hash begins. */
  home(hash: number): number {
    return Math.floor(((hash & (HOME_RANGE - 1)) * this.blocks) / HOME_RANGE) * BLOCK_WORDS;
  }

  /**
   * Asks for all cache lines of a block at once, before any is needed: they come in together, while something else is done.
   * One after the other, index then record, they would be two waits.
   */
  fetch(block: number): void {
    const { words } = this;
    // Memory need not begin with a cache line: the last word may lie in a line of its own.
    let sum = words[block + BLOCK_WORDS - 1] as number;
    for (let line = 0; line < BLOCK_WORDS; line += CACHE_LINE_WORDS) sum |= words[block + line] as number;
    this.fetched = sum;
  }

  /** Where the record of a username begins; -1 if there is none. That the index agrees is not enough: the whole key is compared. */
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

  /** Takes in the record, at `at` in `source`, of a username that is not held yet. */
  insert(hash: number, source: Uint32Array, at: number, length: number): void {
    if (this.used + length + INDEX_WORDS > MAX_FILL * BLOCK_ROOM * this.blocks) this.grow();
    while (!this.place(hash, source, at, length)) this.grow();
  }

  /** Takes out the record that begins at `at`, of a username with that hash. */
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

  /** Where each record begins. */
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

  /** Moves all records into a tenth more blocks. */
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
