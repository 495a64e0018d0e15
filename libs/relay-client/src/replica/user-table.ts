import type { PackedUsername } from './packed-username.js';
import { UserSegment } from './user-segment.js';

/** So many parts grow one at a time: at a million users each has some 4,000, and moves them in two milliseconds. */
const SEGMENT_BITS = 8;
const HASH_BITS = 31;
/** A usual user's record, three ranges and 21 bytes of name, with its index entry: 19.5 words; and some more, as segments are not exactly alike. */
const USUAL_WORDS = 19.7;

/** All users' records, split by the first bits of the hash into segments. */
export class UserTable {
  private readonly segments: readonly UserSegment[];

  constructor(key: PackedUsername, expectedUsers = 0) {
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

  /** Each record: the words that it is in, and where it begins. */
  *records(): Generator<[Uint32Array, number]> {
    for (const segment of this.segments) for (const at of segment.positions()) yield [segment.words, at];
  }
}
