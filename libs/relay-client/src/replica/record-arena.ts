import { DEAD, recordWords } from './record-layout.js';

/** 1 MiB a page: the most that one step of compaction looks at. */
const PAGE_WORDS = 1 << 18;
const PAGE_BITS = 18;
/** Compaction begins when so much of the memory is garbage, as a share. */
const GARBAGE_SHARE = 0.25;

/**
 * The records that are too large for a block, packed into pages. A record never crosses a page, and never moves but by
 * compaction. Growing adds a page and copies nothing. A reference is a word's number, over all pages; 0 is none.
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
    return this.pages[reference >>> PAGE_BITS] as Uint32Array;
  }

  offset(reference: number): number {
    return reference & (PAGE_WORDS - 1);
  }

  /** Copies a record of `length` words in, and gives its reference. */
  store(record: Uint32Array, length: number): number {
    if (this.fill + length > PAGE_WORDS) this.openPage();
    const at = this.fill;
    this.fill = at + length;
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
    const number = reference >>> PAGE_BITS;
    this.live[number] = (this.live[number] as number) - length;
    this.liveWords -= length;
  }

  /**
   * If garbage exceeds its share: moves what lives in the emptiest page, and frees that page. One page at a time, so that
   * no update holds up the decisions behind it for long.
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

  private openPage(): void {
    const next = this.spare.pop() ?? this.pages.length;
    this.current = next;
    if (next === this.pages.length) {
      this.pages.push(new Uint32Array(PAGE_WORDS));
      this.live.push(0);
    }
    // Reference 0 means "none", so the first word of the first page stays empty.
    this.fill = this.current === 0 ? 1 : 0;
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

const referenceOf = (page: number, at: number): number => page * PAGE_WORDS + at;
