import { splitStreamId, type Recorded, type StreamCategory } from '@postern/contracts';
import { isBehind, type FeedPage, type FeedPosition } from '@postern/event-store';

/** Reads `limit` events of the journal after a position and returns those of the categories. */
export type ReadFeed = (after: FeedPosition, limit: number, categories: readonly StreamCategory[]) => Promise<FeedPage>;

const PAGE = 2_000;
/** A consumer that is further behind reads on its own. */
const MAX_KEPT = 2 * PAGE;

/** The events in (start, end] of the feed that some consumer needs, in order. This part of the feed is final. */
interface Window {
  start: FeedPosition;
  end: FeedPosition;
  events: Recorded[];
  xids: string[];
  more: boolean;
  held: boolean;
  /** The number of wakes when the read that reached `end` began. */
  wakes: number;
}

/** Reads and parses each event once for all consumers of the process. Keeps what the slowest needs, within a limit. */
export class SharedFeed {
  readonly #readers = new Map<string, { readonly categories: readonly StreamCategory[]; after: FeedPosition | null }>();
  #window: Window | null = null;
  #wakes = 0;
  #reading: Promise<unknown> | null = null;

  constructor(private readonly readFeed: ReadFeed) {}

  join(consumer: string, categories: readonly StreamCategory[]): void {
    this.#readers.set(consumer, { categories, after: null });
    this.#window = null;
  }

  leave(consumer: string): void {
    this.#readers.delete(consumer);
  }

  wake(): void {
    this.#wakes += 1;
  }

  /** Like `readFeed`, with at most `limit` events. `fresh`: read the journal even without a wake. */
  async read(consumer: string, after: FeedPosition, limit: number, fresh: boolean): Promise<FeedPage> {
    const reader = this.#readers.get(consumer);
    if (!reader) throw new Error(`${consumer} has not joined the feed.`);
    reader.after = after;
    while (this.#reading) await this.#reading.catch(() => undefined);
    const existing = this.#window;
    if (existing && isBehind(existing.start, after)) return this.readFeed(after, limit, reader.categories);
    const window = existing && !isBehind(after, existing.end) ? existing : newWindow(after);
    this.#window = window;
    const ahead = window.events.length - firstBehind(window, after);
    const looks = ahead < limit && (fresh || !this.#isComplete(window));
    if (looks) await this.#extend(window, after);
    return pageOf(window, after, limit, reader.categories, window.more || !(looks || this.#isComplete(window)));
  }

  #isComplete(window: Window): boolean {
    return !window.more && !window.held && window.wakes === this.#wakes;
  }

  async #extend(window: Window, after: FeedPosition): Promise<void> {
    const wakes = this.#wakes;
    const categories = [...new Set([...this.#readers.values()].flatMap((reader) => reader.categories))];
    const reading = this.readFeed(window.end, PAGE, categories);
    this.#reading = reading;
    try {
      const { events, xids, position, more, held } = await reading;
      window.events.push(...events);
      window.xids.push(...xids);
      Object.assign(window, { end: position, more, held, wakes });
      this.#trim(window, after);
    } finally {
      this.#reading = null;
    }
  }

  /** Drops events that every consumer has, and those above the limit, but none after `after`. */
  #trim(window: Window, after: FeedPosition): void {
    const needed = [...this.#readers.values()].map(({ after }) => (after === null ? window.end : after));
    const slowest = needed.reduce((least, each) => (isBehind(least, each) ? each : least), window.end);
    const spare = Math.max(firstBehind(window, slowest), window.events.length - MAX_KEPT);
    const drop = Math.min(spare, firstBehind(window, after));
    const last = window.events[drop - 1];
    if (!last) return;
    window.start = { xid: window.xids[drop - 1] ?? '', position: last.position };
    window.events.splice(0, drop);
    window.xids.splice(0, drop);
  }
}

function newWindow(start: FeedPosition): Window {
  return { start, end: start, events: [], xids: [], more: true, held: false, wakes: -1 };
}

function pageOf(
  window: Window,
  after: FeedPosition,
  limit: number,
  categories: readonly StreamCategory[],
  more: boolean,
): FeedPage {
  const categorySet = new Set<string>(categories);
  const events: Recorded[] = [];
  const xids: string[] = [];
  for (let i = firstBehind(window, after); i < window.events.length; i++) {
    const [event, xid] = [window.events[i], window.xids[i]];
    if (!event || xid === undefined || !categorySet.has(splitStreamId(event.streamId).category)) continue;
    events.push(event);
    xids.push(xid);
    if (events.length === limit && i < window.events.length - 1)
      return { events, xids, position: { xid, position: event.position }, more: true, held: false };
  }
  return { events, xids, position: window.end, more, held: window.held };
}

function firstBehind({ events, xids }: Window, position: FeedPosition): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = { xid: xids[middle] ?? '', position: events[middle]?.position ?? 0 };
    if (isBehind(at, position)) high = middle;
    else low = middle + 1;
  }
  return low;
}
