import { freePlace, isFree, recordWords } from './record.js';

/** 1 MiB per page. */
const PAGE_BITS = 18;
const PAGE_WORDS = 1 << PAGE_BITS;
/** 16 GiB: a reference has 32 bits. Cut to them, a larger one would be another user's record. */
const MAX_PAGES = 2 ** (32 - PAGE_BITS);

/**
 * Records in pages of 1 MiB, from their second word on. Growing copies nothing, and nothing moves: the place of a removed record is reused for the
 * next one of its length.
 */
export class RecordStore {
  private readonly pages: Uint32Array[] = [];
  private readonly free: number[][] = [];
  /** The end of the last page's records. */
  private end = PAGE_WORDS;
  private isCopied = false;

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

  /** Returns a reference, never 0. @throws if the pages are full. */
  add(words: Uint32Array, length: number): number {
    const reference = (this.isCopied ? undefined : this.free[length]?.pop()) ?? this.newPlace(length);
    const page = this.page(reference);
    const offset = this.offset(reference);
    for (let i = 0; i < length; i++) page[offset + i] = words[i] as number;
    return reference;
  }

  remove(reference: number): void {
    const page = this.page(reference);
    const offset = this.offset(reference);
    const length = recordWords(page[offset] as number);
    page[offset] = freePlace(length);
    (this.free[length] ??= []).push(reference);
  }

  /**
   * Copies of all pages, one at a time, for `restore`. If records change in between, no place is reused: then every record is in the copies as it
   * was or newer. It may be in two of them; the later one has the newer record.
   */
  *copies(): Generator<Uint32Array<ArrayBuffer>> {
    this.isCopied = true;
    try {
      for (const [i, page] of this.pages.entries())
        yield page.slice(0, i === this.pages.length - 1 ? this.end : PAGE_WORDS);
    } finally {
      this.isCopied = false;
    }
  }

  /** Adds a copied page. Returns the references of its records. */
  restore(copy: Uint32Array): number[] {
    const page = new Uint32Array(PAGE_WORDS);
    page.set(copy);
    const first = this.pages.push(page) * PAGE_WORDS - PAGE_WORDS;
    const references: number[] = [];
    let at = 1;
    while (at < PAGE_WORDS && page[at] !== 0) {
      const header = page[at] as number;
      const length = recordWords(header);
      if (isFree(header)) (this.free[length] ??= []).push(first + at);
      else references.push(first + at);
      at += length;
    }
    this.end = at;
    return references;
  }

  private newPlace(length: number): number {
    if (this.end + length > PAGE_WORDS) {
      if (this.pages.length === this.maxPages)
        throw new Error('The relay policies need more than 16 GiB. Use fewer or wider ranges.');
      this.pages.push(new Uint32Array(PAGE_WORDS));
      this.end = 1;
    }
    this.end += length;
    return (this.pages.length - 1) * PAGE_WORDS + this.end - length;
  }
}
