/**
 * A block has about seven users in 512 bytes (eight cache lines): a head (word 0), packed records, and an index from the last word down.
 * - head: records (8 bits), words up to the end of the last record (8), records that had to go past this block (16);
 * - index, half a word per record: 9 bits of the username's hash, then the record's position in the block (7 bits).
 */
export const BLOCK_WORDS = 128;
export const MAX_INLINE_WORDS = 32;
export const BLOCK_ROOM = BLOCK_WORDS - 1;
export const INDEX_WORDS = 0.5;
const LAST_WORD = BLOCK_WORDS - 1;
const ONE_PASSED = 1 << 16;
const BEGIN_BITS = 7;
const BEGIN_MASK = (1 << BEGIN_BITS) - 1;
const TAG_MASK = 0x1ff;

const countOf = (head: number): number => head & 0xff;
const endOf = (head: number): number => Math.max(1, (head >>> 8) & 0xff);
const headOf = (passed: number, end: number, count: number): number => ((passed << 16) | (end << 8) | count) >>> 0;

const indexAt = (words: Uint32Array, block: number, entry: number): number =>
  ((words[block + LAST_WORD - (entry >>> 1)] as number) >>> ((entry & 1) << 4)) & 0xffff;

function setIndex(words: Uint32Array, block: number, entry: number, index: number): void {
  const at = block + LAST_WORD - (entry >>> 1);
  const shift = (entry & 1) << 4;
  words[at] = ((words[at] as number) & ~(0xffff << shift)) | (index << shift);
}

/** Whether records of this block or of earlier ones are in blocks after it. */
export const isPassed = (words: Uint32Array, block: number): boolean => (words[block] as number) >>> 16 !== 0;

export function notePassed(words: Uint32Array, block: number, by: 1 | -1): void {
  words[block] = (words[block] as number) + by * ONE_PASSED;
}

export const recordsIn = (words: Uint32Array, block: number): number => countOf(words[block] as number);

export const recordAt = (words: Uint32Array, block: number, entry: number): number =>
  block + (indexAt(words, block, entry) & BEGIN_MASK);

/** The next index entry from `entry` on that has the 9 bits of `hash`; -1 if there is none. */
export function seek(words: Uint32Array, block: number, hash: number, entry: number): number {
  const count = countOf(words[block] as number);
  const tag = hash & TAG_MASK;
  for (let i = entry; i < count; i++) if (indexAt(words, block, i) >>> BEGIN_BITS === tag) return i;
  return -1;
}

export function hasRoom(words: Uint32Array, block: number, length: number): boolean {
  const head = words[block] as number;
  return endOf(head) + length + INDEX_WORDS * (countOf(head) + 1) <= BLOCK_WORDS;
}

export function put(
  words: Uint32Array,
  block: number,
  hash: number,
  source: Uint32Array,
  at: number,
  length: number,
): void {
  const head = words[block] as number;
  const end = endOf(head);
  const count = countOf(head);
  for (let i = 0; i < length; i++) words[block + end + i] = source[at + i] as number;
  setIndex(words, block, count, ((hash & TAG_MASK) << BEGIN_BITS) | end);
  words[block] = headOf(head >>> 16, end + length, count + 1);
}

export function take(words: Uint32Array, block: number, entry: number, length: number): void {
  const head = words[block] as number;
  const end = endOf(head);
  const last = countOf(head) - 1;
  const at = recordAt(words, block, entry) - block;
  words.copyWithin(block + at, block + at + length, block + end);
  setIndex(words, block, entry, indexAt(words, block, last));
  for (let i = 0; i < last; i++) {
    const index = indexAt(words, block, i);
    if ((index & BEGIN_MASK) > at) setIndex(words, block, i, index - length);
  }
  words[block] = headOf(head >>> 16, end - length, last);
}
