/** How much is sent at once, and how much may wait. */
export interface GroupCommitLimits {
  /** Batches that are on their way at the same time. */
  readonly inFlight: number;
  /** Of one batch; a single item may be larger, and then goes alone. */
  readonly items: number;
  readonly weight: number;
  readonly bytes: number;
  /** Of the items that wait. */
  readonly waitingItems: number;
  readonly waitingBytes: number;
}

export interface Sized {
  readonly weight: number;
  readonly bytes: number;
}

/**
 * Collects what arrives while a batch is on its way and sends it as the next one: the busier it is, the larger the
 * batches, and nothing ever waits for a timer.
 */
export class GroupCommit<Item extends Sized> {
  readonly #waiting: Item[] = [];
  #next = 0;
  #waitingBytes = 0;
  #inFlight = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];

  /** `send` settles each item itself, and does not reject. */
  constructor(
    private readonly limits: GroupCommitLimits,
    private readonly send: (batch: Item[]) => Promise<void>,
  ) {}

  /** False, and nothing kept, where too much waits already. */
  offer(item: Item): boolean {
    const { waitingItems, waitingBytes } = this.limits;
    const { waiting } = this;
    if (waiting >= waitingItems || (waiting > 0 && this.#waitingBytes + item.bytes > waitingBytes)) return false;
    this.#waiting.push(item);
    this.#waitingBytes += item.bytes;
    this.#schedule();
    return true;
  }

  /** How many items wait. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Takes what waits out of the queue. */
  drain(): Item[] {
    const left = this.#waiting.slice(this.#next);
    this.#waiting.length = this.#next = this.#waitingBytes = 0;
    return left;
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0 || this.#next < this.#waiting.length)
      await new Promise<void>((done) => this.#idle.push(done));
  }

  /** After the current turn of the event loop, so that whoever was just answered can have its next item in the batch. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= this.limits.inFlight || this.#next >= this.#waiting.length) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#take();
      if (batch.length === 0) return;
      this.#inFlight += 1;
      void this.send(batch).finally(() => this.#sent());
      this.#schedule();
    });
  }

  #sent(): void {
    this.#inFlight -= 1;
    this.#schedule();
    if (this.#inFlight > 0 || this.#next < this.#waiting.length) return;
    for (const done of this.#idle.splice(0)) done();
  }

  #take(): Item[] {
    let weight = 0;
    let bytes = 0;
    let end = this.#next;
    for (; end < this.#waiting.length && end - this.#next < this.limits.items; end++) {
      const item = this.#waiting[end] as Item;
      if (end > this.#next && (weight + item.weight > this.limits.weight || bytes + item.bytes > this.limits.bytes))
        break;
      weight += item.weight;
      bytes += item.bytes;
    }
    const batch = this.#waiting.slice(this.#next, end);
    this.#waitingBytes -= bytes;
    this.#next = end;
    // Taking from the front of an array copies the rest: only now and then.
    if (this.#next === this.#waiting.length || this.#next > 1_024) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    return batch;
  }
}
