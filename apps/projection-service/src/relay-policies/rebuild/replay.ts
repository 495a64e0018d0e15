import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { FEED_START, readFeed, type FeedPosition } from '@postern/event-store';
import { categoriesOf } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import { EMPTY_TOTALS, type PolicyTotals } from '../policy-totals.js';
import { Holdings } from '../project/holdings.js';
import { tellPolicies } from '../project/tell-policies.js';

/** Enough that the round trips do not count, and few enough that a page dies young: pages of 10,000 cost a fifth of the time in garbage. */
const EVENTS_PER_PAGE = 2_000;
const CATEGORIES = categoriesOf([TOPICS.smtpUsers]);
const TELL_EVERY_MS = 5_000;

/** The relay policies as the journal has them up to `position`, in this process's memory. */
export class Replay {
  readonly holdings = new Holdings([]);
  position: FeedPosition = FEED_START;
  events = 0;
  /** After the last `catchUp`. The rows' revisions say whether relays are told of them, not when. */
  totals: PolicyTotals = EMPTY_TOTALS;
  private told = performance.now();

  /** `feed` is connected as `postern_feed`. */
  constructor(
    private readonly feed: DataSource,
    private readonly tell: (line: string) => void = () => undefined,
  ) {}

  /** Applies all that the journal has. */
  async catchUp(): Promise<void> {
    let next = this.read(this.position);
    for (;;) {
      const page = await next;
      if (page.more) {
        // PostgreSQL reads the next page while this one is applied.
        next = this.read(page.position);
        next.catch(() => undefined);
      }
      for (const event of page.events) this.holdings.apply(event as Recorded<SmtpUserEvent>);
      this.events += page.events.length;
      this.position = page.position;
      this.tellProgress();
      if (!page.more) break;
    }
    this.totals = tellPolicies(this.holdings, this.totals).totals;
    this.holdings.settle();
  }

  private read(after: FeedPosition) {
    return readFeed(this.feed, after, EVENTS_PER_PAGE, CATEGORIES);
  }

  private tellProgress(): void {
    if (performance.now() - this.told < TELL_EVERY_MS) return;
    this.told = performance.now();
    this.tell(`relay-policies: ${this.events} events applied`);
  }
}
