import type { IpAddress, IpRange } from './address.js';
import { contains, covers } from './match.js';

/** For each item inside another's range: the narrowest such other. Ranges are nested or separate, so a stack of open ones is enough: n log n. */
export function coveringRanges<T extends { readonly range: IpRange }>(items: readonly T[]): Map<T, T> {
  const covering = new Map<T, T>();
  // Single addresses, which most lists consist of, cover nothing.
  if (items.every(({ range }) => range.prefix === range.first.length * 8)) return covering;
  const open: T[] = [];
  for (const item of items.toSorted((a, b) => inOrder(a.range, b.range))) {
    let around = open.at(-1);
    while (around !== undefined && !covers(around.range, item.range)) {
      open.pop();
      around = open.at(-1);
    }
    if (around !== undefined) covering.set(item, around);
    open.push(item);
  }
  return covering;
}

/** Finds the ranges that contain an address by binary search, for many addresses and ranges. */
export class RangeIndex<T extends { readonly range: IpRange }> {
  private readonly sorted: readonly T[];
  private readonly covering: ReadonlyMap<T, T>;

  constructor(items: readonly T[]) {
    this.sorted = items.toSorted((a, b) => inOrder(a.range, b.range));
    this.covering = coveringRanges(items);
  }

  /** The items whose range contains the address, narrowest first. */
  containing(address: IpAddress): T[] {
    const found: T[] = [];
    // A range that contains the address is, or covers, the last range that begins at or before it.
    for (let item = this.lastFrom(address); item !== undefined; item = this.covering.get(item))
      if (contains(item.range, address)) found.push(item);
    return found;
  }

  private lastFrom({ bytes }: IpAddress): T | undefined {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = this.sorted[middle];
      if (item !== undefined && compareBytes(item.range.first, bytes) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.sorted[low - 1];
  }
}

/** IPv4 before IPv6, then by first address, then wider before narrower. */
function inOrder(a: IpRange, b: IpRange): number {
  return compareBytes(a.first, b.first) || a.prefix - b.prefix;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
