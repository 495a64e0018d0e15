import { describe, expect, it } from '@jest/globals';
import type { Recorded, StreamCategory } from '@postern/contracts';
import { FEED_START, isBehind, type FeedPage, type FeedPosition } from '@postern/event-store';
import fc from 'fast-check';
import { SharedFeed } from './shared-feed.js';

const CATEGORIES: readonly StreamCategory[] = ['smtp-user', 'auth-denials', 'tenant'];

/** A journal in memory that is read as the real one: in order, by position, some categories of what was looked at. */
class MemoryJournal {
  readonly events: Recorded[] = [];
  reads = 0;

  append(category: StreamCategory): void {
    const position = this.events.length + 1;
    this.events.push({ xid: String(700 + position), position, streamId: `${category}/x` } as Recorded);
  }

  read = async (after: FeedPosition, limit: number, categories: readonly StreamCategory[]): Promise<FeedPage> => {
    this.reads += 1;
    const behind = this.events.filter((event) => isBehind(event, after));
    const looked = behind.slice(0, limit);
    await Promise.resolve();
    return {
      events: looked.filter((event) => isOf(event, categories)),
      position: looked.at(-1) ?? after,
      more: looked.length === limit,
      held: false,
    };
  };
}

const isOf = ({ streamId }: Recorded, categories: readonly StreamCategory[]) =>
  categories.some((category) => streamId.startsWith(`${category}/`));

/** Reads to the end. */
async function readAll(feed: SharedFeed, from: FeedPosition, limit: number, categories = CATEGORIES) {
  const positions: number[] = [];
  let after = from;
  for (let more = true; more;) {
    const page = await feed.read(after, limit, categories, false);
    positions.push(...page.events.map(({ position }) => position));
    ({ position: after, more } = page);
  }
  return { positions, after };
}

describe('the feed that the consumers of a process share', () => {
  it('gives each of them every event of its categories once and in order, in any order of reads', async () => {
    const reader = fc.record({
      categories: fc.subarray([...CATEGORIES], { minLength: 1 }),
      limit: fc.integer({ min: 1, max: 1_500 }),
    });
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 900 }), category: fc.constantFrom(...CATEGORIES) }),
      fc.record({ reads: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(reader, { minLength: 4, maxLength: 4 }),
        fc.array(step, { maxLength: 20 }),
        async (readers, steps) => {
          const journal = new MemoryJournal();
          const feed = new SharedFeed(journal.read);
          const found = readers.map(() => ({ positions: [] as number[], after: FEED_START }));
          const read = async (i: number) => {
            const [state, one] = [found[i], readers[i]];
            if (!state || !one) return;
            const page = await feed.read(state.after, one.limit, one.categories, false);
            expect(page.events.length).toBeLessThanOrEqual(one.limit);
            state.positions.push(...page.events.map(({ position }) => position));
            state.after = page.position;
          };
          for (const each of steps) {
            if ('append' in each) {
              for (let n = 0; n < each.append; n++) journal.append(each.category);
              feed.wake();
            } else await Promise.all([...new Set(each.reads)].map(read));
          }
          for (const [i, { limit, categories }] of readers.entries()) {
            const rest = await readAll(feed, found[i]?.after ?? FEED_START, limit, categories);
            const wanted = journal.events.filter((event) => isOf(event, categories)).map(({ position }) => position);
            expect([...(found[i]?.positions ?? []), ...rest.positions]).toEqual(wanted);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('asks the journal once for what several of them read', async () => {
    const journal = new MemoryJournal();
    const feed = new SharedFeed(journal.read);
    for (let n = 0; n < 10; n++) journal.append('smtp-user');
    feed.wake();
    const all = await Promise.all([1, 2, 3].map(() => readAll(feed, FEED_START, 100)));
    expect(all.map(({ positions }) => positions.length)).toEqual([10, 10, 10]);
    expect(journal.reads).toBe(1);
  });

  it('reads again after a wake, and when a consumer polls, because a wake may be lost', async () => {
    const journal = new MemoryJournal();
    const feed = new SharedFeed(journal.read);
    const { after } = await readAll(feed, FEED_START, 100);
    journal.append('smtp-user');
    expect((await feed.read(after, 100, CATEGORIES, false)).events).toEqual([]);
    expect((await feed.read(after, 100, CATEGORIES, true)).events).toHaveLength(1);
    journal.append('smtp-user');
    feed.wake();
    expect((await readAll(feed, after, 100)).positions).toEqual([1, 2]);
  });
});
