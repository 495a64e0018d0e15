import type { Denial, Page } from '@postern/contracts';
import type { SeenDenials } from './seen-denials.js';

/** Reads a page of the denials that occurred at `from` or later, the newest first. */
export type ReadPage = (from: string, cursor: string | undefined) => Promise<Page<Denial>>;

/** 50,000 denials: what is beyond in one look is told, not shown. */
const MOST_PAGES = 100;

export interface Look {
  /** The oldest first. */
  readonly denials: readonly Denial[];
  /** Whether all that are new were reached. */
  readonly complete: boolean;
}

/**
 * The denials that were not seen before, which are seen from now on. A quick look ends at the first page that has
 * nothing new; a thorough one reads down to the floor, and so finds those that a relay reported late.
 */
export async function newDenials(seen: SeenDenials, read: ReadPage, look: 'quick' | 'thorough'): Promise<Look> {
  const denials: Denial[] = [];
  let cursor: string | undefined;
  let complete = false;
  for (let pages = 0; !complete && pages < MOST_PAGES; pages += 1) {
    const page = await read(seen.floor, cursor);
    const unseen = page.items.filter((denial) => !seen.has(denial));
    denials.push(...unseen);
    complete = page.nextCursor === null || (look === 'quick' && unseen.length === 0);
    cursor = page.nextCursor ?? undefined;
  }
  // Only now: a look that broke off half-way is taken again, and shows all of them.
  return { denials: denials.filter((denial) => seen.add(denial)).sort(byTime), complete };
}

function byTime(a: Denial, b: Denial): number {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt < b.occurredAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
