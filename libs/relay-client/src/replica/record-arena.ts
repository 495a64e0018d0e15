import { DEAD, DIGEST_WORDS, recordWords } from './record-layout.js';
import { MAX_REFERENCE } from './username-slots.js';

/** 1 MiB a page: some 16,000 users, and so the most that one step of compaction moves. */
export const PAGE_WORDS = 1 << 18;
/** References count in units of two words. */
const UNIT_WORDS = 2;
const PAGE_UNIT_BITS = 17;
const PAGE_UNITS = PAGE_WORDS / UNIT_WORDS;
const CACHE_LINE_WORDS = 16;
/** Where a page's memory begins in its cache line: behind the 16 bytes that the allocator keeps in front of a large block. */
const LINE_PHASE = 4;
/** Compaction begins when so much of the memory is garbage, as a share. */
const GARBAGE_SHARE = 0.25;

/** There are more policies than a replica can refer to. */
export class ReplicaFull extends Error {
  override readonly name = 'ReplicaFull';

  constructor() {
    super('The relay policies exceed 2 GiB (some thirty million users). Give each relay a part of the users.');
  }
}

/**
 * The records of all users, packed into pages. A record never moves but by compaction, never crosses a page, and, if it
 * fits into a cache line, never crosses one: a decision then waits for one line of it. Growing adds a page and copies
 * nothing. A reference counts units of 8 bytes over all pages; 0 is none.
 */
export class RecordArena {
  readonly pages: Uint32Array[] = [];
  /** Words of live records, per page. */
  private readonly live: number[] = [];
  private readonly spare: number[] = [];
  private current = -1;
  private fill = PAGE_WORDS;
  private liveWords = 0;
  compactions = 0;

  get byteLength(): number {
    return this.pages.length * PAGE_WORDS * 4;
  }

  /** Bytes that hold neither a live record nor room for new ones: dead records and padding. */
  get garbageBytes(): number {
    const used = (this.pages.length - this.spare.length) * PAGE_WORDS - (PAGE_WORDS - this.fill);
    return this.pages.length === 0 ? 0 : (used - this.liveWords) * 4;
  }

  page(reference: number): Uint32Array {
    return this.pages[reference >>> PAGE_UNIT_BITS] as Uint32Array;
  }

  offset(reference: number): number {
    return (reference & (PAGE_UNITS - 1)) * UNIT_WORDS;
  }

  /** Copies a record of `length` words in, and gives its reference. */
  store(record: Uint32Array, length: number): number {
    let at = this.fit(length);
    if (at + length > PAGE_WORDS) {
      this.openPage();
      at = this.fit(length);
    }
    this.fill = at + length + (length % UNIT_WORDS);
    const page = this.pages[this.current] as Uint32Array;
    for (let i = 0; i < length; i++) page[at + i] = record[i] as number;
    this.live[this.current] = (this.live[this.current] as number) + length;
    this.liveWords += length;
    return referenceOf(this.current, at);
  }

  /** Marks a record as dead. Its room comes back with the compaction of its page. */
  free(reference: number): void {
    const page = this.page(reference);
    const at = this.offset(reference);
    const length = recordWords(page, at);
    page[at] = (page[at] as number) | DEAD;
    const number = reference >>> PAGE_UNIT_BITS;
    this.live[number] = (this.live[number] as number) - length;
    this.liveWords -= length;
  }

  /**
   * If garbage exceeds its share: moves what lives in the emptiest page, and frees that page. One page at a time, so that
   * no update holds up the decisions behind it for longer than some milliseconds.
   * `moved` is told each record's old and new reference.
   */
  compactStep(moved: (from: number, to: number) => void): void {
    const closed = this.pages.length - this.spare.length - 1;
    if (closed < 1 || this.garbageBytes < GARBAGE_SHARE * closed * PAGE_WORDS * 4) return;
    const number = this.emptiestClosedPage();
    const page = this.pages[number] as Uint32Array;
    for (let at = 0; at < PAGE_WORDS;) {
      const header = page[at] as number;
      if (header === 0) {
        at++;
        continue;
      }
      const length = recordWords(page, at);
      const from = referenceOf(number, at);
      if ((header & DEAD) === 0) moved(from, this.store(page.subarray(at, at + length), length));
      at += length;
    }
    this.liveWords -= this.live[number] as number;
    this.live[number] = 0;
    page.fill(0);
    this.spare.push(number);
    this.compactions++;
  }

  /** Every live record's reference, page by page. */
  *references(): Generator<number> {
    for (const [number, page] of this.pages.entries()) {
      for (let at = 0; at < PAGE_WORDS;) {
        const header = page[at] as number;
        if (header !== 0 && (header & DEAD) === 0) yield referenceOf(number, at);
        at += header === 0 ? 1 : recordWords(page, at);
      }
    }
  }

  /** Where in the current page a record would go. */
  private fit(length: number): number {
    const inLine = (this.fill + LINE_PHASE) % CACHE_LINE_WORDS;
    const read = length - DIGEST_WORDS;
    const crosses = read <= CACHE_LINE_WORDS && inLine + read > CACHE_LINE_WORDS;
    return crosses ? this.fill + CACHE_LINE_WORDS - inLine : this.fill;
  }

  private openPage(): void {
    const next = this.spare.pop() ?? this.pages.length;
    if (referenceOf(next, PAGE_WORDS) > MAX_REFERENCE) throw new ReplicaFull();
    this.current = next;
    if (next === this.pages.length) {
      this.pages.push(new Uint32Array(PAGE_WORDS));
      this.live.push(0);
    }
    // Reference 0 means "none", so the first unit of the first page stays empty.
    this.fill = this.current === 0 ? UNIT_WORDS : 0;
  }

  private emptiestClosedPage(): number {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.pages.length; i++) {
      if (i === this.current || this.spare.includes(i)) continue;
      const live = this.live[i] as number;
      if (live < least) {
        least = live;
        best = i;
      }
    }
    return best;
  }
}

const referenceOf = (page: number, at: number): number => page * PAGE_UNITS + at / UNIT_WORDS;
