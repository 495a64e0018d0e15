/**
 * A block holds some eight users: 512 bytes, eight cache lines. Word 0 is its head; records follow it, packed; an index
 * grows from the last word down, a word a record.
 *
 * - head: records (8 bits), words up to the end of the last record (8), records that had to go past this block (16);
 * - index: 24 bits of the username's hash, then where the record begins in the block (8 bits).
 */
export const BLOCK_WORDS = 128;
/** What records and index share. */
export const BLOCK_ROOM = BLOCK_WORDS - 1;
const LAST_WORD = BLOCK_WORDS - 1;
const ONE_PASSED = 1 << 16;

const countOf = (head: number): number => head & 0xff;
const endOf = (head: number): number => Math.max(1, (head >>> 8) & 0xff);
const headOf = (passed: number, end: number, count: number): number => ((passed << 16) | (end << 8) | count) >>> 0;

/** Whether records that belong here, or before, lie in blocks behind this one. */
export const isPassed = (words: Uint32Array, block: number): boolean => (words[block] as number) >>> 16 !== 0;

/** Notes one record more, or fewer, that had to go past. */
export function notePassed(words: Uint32Array, block: number, by: 1 | -1): void {
  words[block] = (words[block] as number) + by * ONE_PASSED;
}

export const recordsIn = (words: Uint32Array, block: number): number => countOf(words[block] as number);

/** Where the record of index entry `entry` begins. */
export const recordAt = (words: Uint32Array, block: number, entry: number): number =>
  block + ((words[block + LAST_WORD - entry] as number) & 0xff);

/** The next index entry from `entry` on whose 24 bits are those of `hash`; -1 if there is none. */
export function seek(words: Uint32Array, block: number, hash: number, entry: number): number {
  const count = (words[block] as number) & 0xff;
  const tag = hash << 8;
  for (let i = entry; i < count; i++) {
    if (((words[block + LAST_WORD - i] as number) ^ tag) >>> 8 === 0) return i;
  }
  return -1;
}

export function hasRoom(words: Uint32Array, block: number, length: number): boolean {
  const head = words[block] as number;
  return endOf(head) + length + countOf(head) + 1 <= BLOCK_WORDS;
}

/** Puts a record into a block that has room for it. */
export function put(words: Uint32Array, block: number, hash: number, record: Uint32Array, length: number): void {
  const head = words[block] as number;
  const end = endOf(head);
  const count = countOf(head);
  for (let i = 0; i < length; i++) words[block + end + i] = record[i] as number;
  words[block + LAST_WORD - count] = ((hash << 8) | end) >>> 0;
  words[block] = headOf(head >>> 16, end + length, count + 1);
}

/** Takes out the record of an index entry, `length` words long, and closes the gaps that it leaves. */
export function take(words: Uint32Array, block: number, entry: number, length: number): void {
  const head = words[block] as number;
  const end = endOf(head);
  const last = countOf(head) - 1;
  const at = recordAt(words, block, entry) - block;
  words.copyWithin(block + at, block + at + length, block + end);
  words[block + LAST_WORD - entry] = words[block + LAST_WORD - last] as number;
  for (let i = 0; i < last; i++) {
    const index = words[block + LAST_WORD - i] as number;
    if ((index & 0xff) > at) words[block + LAST_WORD - i] = index - length;
  }
  words[block] = headOf(head >>> 16, end - length, last);
}
