import { TOPICS, type FeedEvent, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { FEED_END, FEED_START, readFeed, type FeedPosition } from '@postern/event-store';
import { categoriesOf, type LivePlace } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import { EMPTY_TOTALS, type PolicyTotals } from '../policy-totals.js';
import { Holdings } from '../project/holdings.js';
import { tellPolicies } from '../project/tell-policies.js';

/** Enough that the round trips do not count, and few enough that a page dies young: pages of 10,000 cost a fifth of the time in garbage. */
const EVENTS_PER_PAGE = 2_000;
const CATEGORIES = categoriesOf([TOPICS.smtpUsers]);
const TELL_EVERY_MS = 5_000;
const MAX_SKIPPED = 100_000;
const TOO_FAR_BEHIND =
  `relay-policies is more than ${MAX_SKIPPED} events behind in some partitions. ` +
  'Let it catch up (postern_feed_lag_events), and run it again.';

/** The relay policies as the journal has them up to `position`, in this process's memory. */
export class Replay {
  readonly holdings = new Holdings([]);
  position: FeedPosition = FEED_START;
  events = 0;
  /** After the last `catchUp`. The rows' revisions say whether relays are told of them, not when. */
  totals: PolicyTotals = EMPTY_TOTALS;
  /** Up to the position, what the live consumer had not applied: its partitions come on each for itself. */
  private skipped: FeedEvent[] = [];
  private told = performance.now();

  /** `feed` is connected as `postern_feed`. */
  constructor(
    private readonly feed: DataSource,
    private readonly tell: (line: string) => void = () => undefined,
  ) {}

  /** All that the live consumer at `to` has applied; without one, all that the journal has. */
  async catchUp(to?: LivePlace): Promise<void> {
    const upTo = to?.end ?? FEED_END;
    const skipped = this.skipped;
    this.skipped = [];
    for (const each of skipped) this.apply(each, to);
    let next = this.read(this.position, upTo);
    for (;;) {
      const page = await next;
      if (page.more) {
        // PostgreSQL reads the next page while this one is applied.
        next = this.read(page.position, upTo);
        next.catch(() => undefined);
      }
      page.events.forEach((event, i) => this.apply({ event, xid: page.xids[i] ?? '' }, to));
      this.position = page.position;
      this.tellProgress();
      if (!page.more) break;
    }
    this.totals = tellPolicies(this.holdings, this.totals).totals;
    this.holdings.settle();
  }

  private apply({ event, xid }: FeedEvent, to: LivePlace | undefined): void {
    if (to && !to.covers(event, xid)) {
      this.skipped.push({ event, xid });
      if (this.skipped.length > MAX_SKIPPED) throw new Error(TOO_FAR_BEHIND);
      return;
    }
    this.holdings.apply(event as Recorded<SmtpUserEvent>);
    this.events += 1;
  }

  /** All events up to its place are in it: none of them was passed over. */
  get isWhole(): boolean {
    return this.skipped.length === 0;
  }

  private read(after: FeedPosition, upTo: FeedPosition) {
    return readFeed(this.feed, after, EVENTS_PER_PAGE, CATEGORIES, upTo);
  }

  private tellProgress(): void {
    if (performance.now() - this.told < TELL_EVERY_MS) return;
    this.told = performance.now();
    this.tell(`relay-policies: ${this.events} events applied`);
  }
}
