/** Slots in use, at most, as a share: at 0.75 a hit costs 2.5 probes on average, most of them within one cache line. */
const MAX_LOAD = 0.75;
const GROWTH = 1.5;
const SMALLEST = 16;

/**
 * Open addressing with linear probing: slot -> (hash, reference of a record), two words side by side, so that eight slots
 * share a cache line and growing needs no look at a record. Reference 0 is an empty slot. Deleting shifts back, so there
 * are no tombstones that slow down a replica as it ages.
 */
export class UsernameSlots {
  /** Users held. */
  size = 0;
  /** hash at `2 * slot`, reference at `2 * slot + 1`. */
  words: Uint32Array;
  capacity: number;

  constructor(expected = 0) {
    this.capacity = Math.max(SMALLEST, Math.ceil(expected / MAX_LOAD) + 1);
    this.words = new Uint32Array(2 * this.capacity);
  }

  /** Where a search for `hash` begins: its share of the capacity, which so may be any number, not powers of two alone. */
  home(hash: number): number {
    return Math.floor((hash * this.capacity) / 0x8000_0000);
  }

  get byteLength(): number {
    return this.words.byteLength;
  }

  /** Takes in a reference whose key is not held yet. */
  insert(hash: number, reference: number): void {
    if ((this.size + 1) / this.capacity > MAX_LOAD) this.grow();
    this.size++;
    this.place(hash, reference);
  }

  /** Points a slot at the new place of its record. */
  repoint(slot: number, reference: number): void {
    this.words[2 * slot + 1] = reference;
  }

  /** Empties a slot, and moves up whatever a search could otherwise no longer reach. */
  remove(slot: number): void {
    const { words, capacity } = this;
    let hole = slot;
    for (let next = this.after(hole); words[2 * next + 1] !== 0; next = this.after(next)) {
      const distance = (next - this.home(words[2 * next] as number) + capacity) % capacity;
      if (distance < (next - hole + capacity) % capacity) continue;
      words[2 * hole] = words[2 * next] as number;
      words[2 * hole + 1] = words[2 * next + 1] as number;
      hole = next;
    }
    words[2 * hole] = 0;
    words[2 * hole + 1] = 0;
    this.size--;
  }

  private place(hash: number, reference: number): void {
    let slot = this.home(hash);
    while (this.words[2 * slot + 1] !== 0) slot = this.after(slot);
    this.words[2 * slot] = hash;
    this.words[2 * slot + 1] = reference;
  }

  private after(slot: number): number {
    return slot + 1 === this.capacity ? 0 : slot + 1;
  }

  private grow(): void {
    const old = this.words;
    this.capacity = Math.ceil(this.capacity * GROWTH);
    this.words = new Uint32Array(2 * this.capacity);
    for (let i = 0; i < old.length; i += 2) {
      const reference = old[i + 1] as number;
      if (reference !== 0) this.place(old[i] as number, reference);
    }
  }
}
