import { splitStreamId, type Recorded, type StreamCategory } from '@postern/contracts';
import { FEED_START, isBehind, type FeedPage, type FeedPosition } from '@postern/event-store';

/** Reads `limit` events of the journal after a position and returns those of the categories. */
export type ReadFeed = (after: FeedPosition, limit: number, categories: readonly StreamCategory[]) => Promise<FeedPage>;

const PAGE = 2_000;
/** Some MB. A consumer that is further behind reads on its own. */
const MAX_KEPT = 2 * PAGE;

/** Reads and parses each event once for all consumers of the process, and keeps the last ones for those that are slower. */
export class SharedFeed {
  /** Those that some consumer needs. */
  readonly #categories = new Set<StreamCategory>();
  /** Their events between start and end of a part of the feed, in order. This part is final. */
  #events: Recorded[] = [];
  #start = FEED_START;
  #end: Omit<FeedPage, 'events'> = { position: FEED_START, more: true, held: false };
  #wakes = 0;
  /** The number of wakes when the read that reached the end began. */
  #wakesAtEnd = -1;
  #reading: Promise<unknown> | null = null;

  constructor(private readonly readFeed: ReadFeed) {}

  wake(): void {
    this.#wakes += 1;
  }

  /** Like `readFeed`, with at most `limit` events (up to 2,000). `fresh`: read the journal even without a wake. */
  async read(
    after: FeedPosition,
    limit: number,
    categories: readonly StreamCategory[],
    fresh: boolean,
  ): Promise<FeedPage> {
    while (this.#reading) await this.#reading.catch(() => undefined);
    if (categories.some((each) => !this.#categories.has(each))) {
      for (const each of categories) this.#categories.add(each);
      this.#startAt(after);
    }
    if (isBehind(this.#start, after)) return this.readFeed(after, limit, categories);
    if (isBehind(after, this.#end.position)) this.#startAt(after);
    const unread = this.#events.length - this.#firstBehind(after);
    const looks = unread < limit && (fresh || !this.#isComplete());
    if (looks) await this.#extend();
    const page = this.#page(after, limit, categories);
    return looks || page.more || this.#isComplete() ? page : { ...page, more: true };
  }

  #startAt(position: FeedPosition): void {
    this.#events = [];
    this.#start = position;
    this.#end = { position, more: true, held: false };
  }

  #isComplete(): boolean {
    return !this.#end.more && !this.#end.held && this.#wakesAtEnd === this.#wakes;
  }

  async #extend(): Promise<void> {
    const wakes = this.#wakes;
    const reading = this.readFeed(this.#end.position, PAGE, [...this.#categories]);
    this.#reading = reading;
    try {
      const { events, ...end } = await reading;
      this.#events.push(...events);
      this.#end = end;
      this.#wakesAtEnd = wakes;
    } finally {
      this.#reading = null;
    }
    const [last] = this.#events.splice(0, this.#events.length - MAX_KEPT).slice(-1);
    if (last) this.#start = positionOf(last);
  }

  #page(after: FeedPosition, limit: number, categories: readonly StreamCategory[]): FeedPage {
    const events: Recorded[] = [];
    for (let i = this.#firstBehind(after); i < this.#events.length; i++) {
      const event = this.#events[i];
      if (!event || !categories.includes(splitStreamId(event.streamId).category)) continue;
      events.push(event);
      if (events.length === limit && i < this.#events.length - 1)
        return { events, position: positionOf(event), more: true, held: false };
    }
    return { events, ...this.#end };
  }

  #firstBehind(position: FeedPosition): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBehind(this.#events[middle] ?? FEED_START, position)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function positionOf({ xid, position }: Recorded): FeedPosition {
  return { xid, position };
}
