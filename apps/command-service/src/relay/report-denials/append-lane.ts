import type { Append, Appended, Journal } from '@postern/event-store';

/**
 * A bounded share of the journal's queue: however many denials come in, so many appends wait for a commit and no more.
 * The rest waits here, so that a flood neither fills the queue (503 for everybody) nor stands before a platform team's change.
 */
export class AppendLane {
  private free: number;
  private readonly waiting: (() => void)[] = [];
  private next = 0;

  constructor(
    private readonly journal: Pick<Journal, 'append'>,
    width: number,
  ) {
    this.free = width;
  }

  /** Resolves, and throws, as `Journal.append` does. */
  async append(append: Append): Promise<Appended> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((go) => this.waiting.push(go));
    try {
      return await this.journal.append(append);
    } finally {
      this.letNextGo();
    }
  }

  /** The place goes from hand to hand: whoever comes in between waits behind those that wait. */
  private letNextGo(): void {
    const go = this.waiting[this.next];
    if (go === undefined) {
      this.free += 1;
      return;
    }
    this.next += 1;
    // Taking from the front of an array copies the rest: only now and then.
    if (this.next === this.waiting.length || this.next === 1_024) {
      this.waiting.splice(0, this.next);
      this.next = 0;
    }
    go();
  }
}
