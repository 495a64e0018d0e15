import type { PackedUsername } from './packed-username.js';
import { keyWordsOf } from './record.js';
import type { RecordStore } from './record-store.js';

/** Each segment grows on its own: with a million users it has about 60,000, and moves them in a millisecond. */
const SEGMENT_BITS = 4;
const HASH_BITS = 31;
/** Segments differ a little: those of a table of the expected size do not grow. */
const EXPECTED_FILL = 0.75;
const MAX_FILL = 0.8;
const GROWTH = 1.25;
const HOME_RANGE = 1 << (HASH_BITS - SEGMENT_BITS);
const CACHE_LINE_WORDS = 16;

export class UserTable {
  readonly segments: readonly UserSegment[];

  constructor(records: RecordStore, expectedUsers: number) {
    const slots = expectedUsers / 2 ** SEGMENT_BITS / EXPECTED_FILL;
    this.segments = Array.from({ length: 2 ** SEGMENT_BITS }, () => new UserSegment(records, slots));
  }

  segment(hash: number): UserSegment {
    return this.segments[hash >>> (HASH_BITS - SEGMENT_BITS)] as UserSegment;
  }

  get users(): number {
    return this.segments.reduce((sum, segment) => sum + segment.users, 0);
  }

  get byteLength(): number {
    return this.segments.reduce((sum, segment) => sum + segment.byteLength, 0);
  }
}

/** A hash table with linear probing. A slot is two words: the hash of a username, and the reference of its record; 0 if it is free. */
export class UserSegment {
  users = 0;
  /** Written so that the engine does not optimise away the loads that only fetch a cache line. */
  fetched = 0;
  private slots: Uint32Array;
  private capacity: number;

  constructor(
    private readonly records: RecordStore,
    slots: number,
  ) {
    this.capacity = Math.max(4, Math.ceil(slots));
    this.slots = new Uint32Array(2 * this.capacity);
  }

  get byteLength(): number {
    return this.slots.byteLength;
  }

  /** Begins to load the slots of a hash from memory, while something else is done. */
  fetch(hash: number): void {
    this.fetched = this.slots[2 * this.home(hash)] as number;
  }

  /** Returns the reference of the user's record; 0 if there is none. */
  find(key: PackedUsername): number {
    return this.slots[2 * this.seek(key) + 1] as number;
  }

  /** The username must not exist yet. */
  insert(hash: number, reference: number): void {
    if (++this.users > MAX_FILL * this.capacity) this.grow();
    this.place(hash, reference);
  }

  /** Moves those behind it up, so that every search still ends at its user or at a free slot. */
  remove(key: PackedUsername): void {
    const { slots } = this;
    this.users--;
    let free = this.seek(key);
    for (let slot = this.after(free); slots[2 * slot + 1] !== 0; slot = this.after(slot)) {
      const home = this.home(slots[2 * slot] as number);
      // Whether the free slot is between its home and its slot, in the ring.
      if ((slot - home + this.capacity) % this.capacity < (slot - free + this.capacity) % this.capacity) continue;
      slots.copyWithin(2 * free, 2 * slot, 2 * slot + 2);
      free = slot;
    }
    slots[2 * free + 1] = 0;
  }

  /** The slot of the user, or a free one. Equal hashes are not enough: the complete key is compared. */
  private seek(key: PackedUsername): number {
    const { slots, records } = this;
    const { hash, wordCount } = key;
    for (let slot = this.home(hash); ; slot = this.after(slot)) {
      const reference = slots[2 * slot + 1] as number;
      if (reference === 0) return slot;
      if (slots[2 * slot] !== hash) continue;
      const page = records.page(reference);
      const at = records.offset(reference);
      // Most records are in two cache lines. Both are loaded at once.
      this.fetched = page[records.offset(reference + CACHE_LINE_WORDS)] as number;
      if (keyWordsOf(page[at] as number) === wordCount && key.equals(page, at + 1)) return slot;
    }
  }

  private home(hash: number): number {
    return Math.floor(((hash & (HOME_RANGE - 1)) * this.capacity) / HOME_RANGE);
  }

  private after(slot: number): number {
    return slot + 1 === this.capacity ? 0 : slot + 1;
  }

  private place(hash: number, reference: number): void {
    let slot = this.home(hash);
    while (this.slots[2 * slot + 1] !== 0) slot = this.after(slot);
    this.slots[2 * slot] = hash;
    this.slots[2 * slot + 1] = reference;
  }

  private grow(): void {
    const old = this.slots;
    this.capacity = Math.ceil(this.capacity * GROWTH);
    this.slots = new Uint32Array(2 * this.capacity);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.place(old[at] as number, old[at + 1] as number);
    }
  }
}
