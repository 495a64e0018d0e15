import type { Revision } from '@postern/contracts';
import type { FramePage } from './frame-page.js';

/** The last pages that went out, without a gap: relays that were cut off for moments resume without a query. */
export class RecentPages {
  private pages: FramePage[] = [];
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  add(page: FramePage): void {
    if (page.upTo === page.after) return;
    this.pages.push(page);
    this.bytes += page.size;
    while (this.bytes > this.maxBytes && this.pages.length > 1) this.bytes -= this.pages.shift()?.size ?? 0;
  }

  /** The page that holds the change that follows the position; null where it is too long ago, or hasn't come. */
  following(position: Revision): FramePage | null {
    let [low, high] = [0, this.pages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.pages[middle]?.upTo ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    const page = this.pages[low];
    return page && page.after <= position ? page : null;
  }

  clear(): void {
    this.pages = [];
    this.bytes = 0;
  }
}
