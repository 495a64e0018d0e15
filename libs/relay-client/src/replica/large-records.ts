/** 1 MiB per page. */
const PAGE_BITS = 18;
const PAGE_WORDS = 1 << PAGE_BITS;
/** 16 GiB: a reference has 32 bits. Cut to them, a larger one would be another user's record. */
const MAX_PAGES = 2 ** (32 - PAGE_BITS);

/** Records that are too large for a block. Growing copies nothing. A freed slot is reused for its size class, so the waste is bounded and nothing moves. */
export class LargeRecords {
  private readonly pages: Uint32Array[] = [];
  private readonly free: number[][] = [];
  private fill = PAGE_WORDS;

  constructor(private readonly maxPages = MAX_PAGES) {}

  get byteLength(): number {
    return this.pages.length * PAGE_WORDS * 4;
  }

  page(reference: number): Uint32Array {
    return this.pages[reference >>> PAGE_BITS] as Uint32Array;
  }

  offset(reference: number): number {
    return reference & (PAGE_WORDS - 1);
  }

  /** @throws if the pages are full. */
  store(words: Uint32Array, at: number, length: number): number {
    const reference = this.free[sizeClass(length)]?.pop() ?? this.newSlot(length);
    this.page(reference).set(words.subarray(at, at + length), this.offset(reference));
    return reference;
  }

  release(reference: number, length: number): void {
    (this.free[sizeClass(length)] ??= []).push(reference);
  }

  private newSlot(length: number): number {
    const size = Math.ceil(2 ** (sizeClass(length) / 2));
    if (this.fill + size > PAGE_WORDS) {
      if (this.pages.length === this.maxPages)
        throw new Error('The long lists of this relay’s policies need more than 16 GiB. Use fewer or wider ranges.');
      this.pages.push(new Uint32Array(PAGE_WORDS));
      this.fill = 0;
    }
    this.fill += size;
    return this.pages.length * PAGE_WORDS - PAGE_WORDS + this.fill - size;
  }
}

const sizeClass = (length: number): number => Math.ceil(2 * Math.log2(length));
